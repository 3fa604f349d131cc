#pragma once

#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/experiment/evidence.h"
#include "ncprune/report/page.h"

namespace ncprune {

// The origin of the results, for readers who want to reproduce them.
struct Provenance {
  std::string title;      // of the page
  std::string data;       // as on the command line
  std::string imbalance;  // as on the command line
  int64_t test_samples;
  std::string command;
  std::string version;
  uint64_t seed;
  std::vector<Section> more = {};  // further parts, before the one on reproduction
  // Accuracy against sparsity where there is a grid, shown by the classes; see line_chart().
  std::vector<Figure> curves = {};
};

// One sentence for every network but the first: the number of classes that lost more recall than
// chance explains, and the worst of them.
std::vector<std::string> verdicts(const Evidence& evidence);

// All numbers of the report as JSON, shares in [0, 1]; null where there is no value. "schema" is
// kEvidenceSchema; docs/report.md describes the format.
inline constexpr const char* kEvidenceSchema = "ncprune.report/1";
Json evidence_json(const Evidence& evidence, const Provenance& provenance);

// The results by class as CSV for a spreadsheet: a line per network and class.
std::string evidence_csv(const Evidence& evidence);

// The report: verdict, classes, changes, robustness, geometry, layers, cost, and how to reproduce
// it. Parts that were not measured are left out.
Page evidence_page(const Evidence& evidence, const Provenance& provenance);

}  // namespace ncprune
