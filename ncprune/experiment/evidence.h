#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/data/class_info.h"
#include "ncprune/data/image.h"
#include "ncprune/evaluate/class_results.h"
#include "ncprune/evaluate/comparison.h"
#include "ncprune/evaluate/latency.h"
#include "ncprune/evaluate/robustness.h"
#include "ncprune/experiment/prepare.h"
#include "ncprune/model/size.h"
#include "ncprune/stats/collapse.h"

namespace ncprune {

// A sample, with its picture, that a network classifies differently from the dense one.
struct PicturedExemplar {
  size_t network;  // index into the results
  Exemplar exemplar;
  Image image;
};

// All measurements of a dense network and the networks made from it, on the same test samples. The
// dense network is the first of every list.
struct Evidence {
  ClassInfo classes;
  std::vector<ModelResult> results;
  std::vector<NetworkSize> sizes;
  std::vector<int64_t> file_bytes;      // of the ONNX files
  std::vector<Latency> latencies;       // one sample at a time; empty: not measured
  std::vector<Latency> compiled;        // the same of networks compiled to C (compile.h)
  std::vector<Comparison> comparisons;  // each other network with the first
  std::vector<Collapse> collapse;       // on the training samples; empty: not measured
  std::optional<Robustness> robustness;
  std::vector<PicturedExemplar> exemplars;  // empty when samples are not pictures
  double confidence = 0.95;                 // of the comparisons' intervals
};

struct EvidenceOptions {
  // Standard deviation of the noise on the test inputs, for the class table. 0: no noise. Data
  // without a range get none.
  double noise = 0.2;
  ComparisonOptions comparison = {};
  RobustnessOptions robustness = {};  // most of the time goes here
  bool measure_latency = true;
  // Networks are compiled to C if they have at most so many parameters together; ten million take
  // about half a minute.
  int64_t most_compiled = 10'000'000;
  int64_t exemplars = 24;  // pictures of samples classified differently, at most
};

// Measures everything the report shows. `networks` are the dense network and those made from it.
// Measurements use the test set of `data`; the training part only gives the class means. A
// measurement that some network does not allow (derivatives through a foreign operator, latency of
// a free shape, geometry without a fully connected head) is left out for all, with a warning.
// Throws InputError when a network does not fit the data or an option is out of range.
Evidence gather_evidence(const std::vector<NamedNetwork>& networks, const PreparedData& data,
                         const EvidenceOptions& options = {});

}  // namespace ncprune
