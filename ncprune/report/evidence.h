#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/evaluate/comparison.h"
#include "ncprune/evaluate/latency.h"
#include "ncprune/report/class_report.h"
#include "ncprune/report/collapse_report.h"
#include "ncprune/report/page.h"
#include "ncprune/report/robustness_report.h"

namespace ncprune {

struct LayerSize {
  std::string name;
  int64_t weights;
  int64_t kept;  // that are not zero
};

// What a network costs. Multiply-adds and bytes are those of the file: zeros are counted.
struct NetworkSize {
  int64_t parameters;
  int64_t macs;
  int64_t bytes;                   // of the ONNX file
  std::vector<LayerSize> layers;   // that multiply by a weight, the head included
  std::optional<Latency> latency;  // one sample at a time; none: not measured
};

// Everything the report says of networks made from one dense network, which is the first of every
// list, measured on the same test samples.
struct Evidence {
  ClassInfo classes;
  std::vector<ModelResult> results;
  std::vector<NetworkSize> sizes;
  std::vector<Comparison> comparisons;   // of every network but the first, with the first
  std::vector<CollapseResult> collapse;  // on the training samples; empty: not measured
  // Accuracy against sparsity, where there is a grid of it; see line_chart().
  std::vector<Figure> curves;
  std::optional<Robustness> robustness;
  std::vector<Picture> exemplars;  // samples judged differently; empty where they are no pictures
  double confidence = 0.95;        // of the comparisons' intervals
};

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
