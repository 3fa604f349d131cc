#pragma once

#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/experiment/evidence.h"
#include "ncprune/report/page.h"

namespace ncprune {

// How it came about, for the reader who wants it again.
struct Provenance {
  std::string title;      // of the page
  std::string data;       // as on the command line
  std::string imbalance;  // likewise
  int64_t test_samples;
  std::string command;
  std::string version;
  uint64_t seed;
  std::vector<Section> more = {};  // further parts, before how to repeat it
  // Accuracy against sparsity, beside the classes, where there is a grid of it; see line_chart().
  std::vector<Figure> curves = {};
};

// One sentence for every network but the first: how many classes it lost beyond what chance
// explains, and the worst of them.
std::vector<std::string> verdicts(const Evidence& evidence);

// All numbers of the report as data, shares in [0, 1]; null where there is no value. "schema" names
// its form, kEvidenceSchema; docs/report.md describes it.
inline constexpr const char* kEvidenceSchema = "ncprune.report/1";
Json evidence_json(const Evidence& evidence, const Provenance& provenance);

// The classes as a CSV file for a spreadsheet: a line for every network and class.
std::string evidence_csv(const Evidence& evidence);

// The report: verdict, classes, what changed, robustness, geometry, layers, cost, how to repeat it.
// Parts that were not measured are left out.
Page evidence_page(const Evidence& evidence, const Provenance& provenance);

}  // namespace ncprune
