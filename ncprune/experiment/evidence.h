#pragma once

#include <string>
#include <vector>

#include "ncprune/experiment/prepare.h"
#include "ncprune/report/evidence.h"

namespace ncprune {

struct NamedNetwork {
  std::string name;
  Network network;
};

struct EvidenceOptions {
  // Standard deviation on the test inputs, for the class table; 0, and for data without a range:
  // none.
  double noise = 0.2;
  ComparisonOptions comparison = {};
  RobustnessOptions robustness = {};  // most of the time goes here
  bool measure_latency = true;
  int64_t exemplars = 24;  // pictures of samples that are judged differently, at most
};

// Measures everything the report needs. `networks` are the dense one and what was made of it; the
// test set of `data` measures, its training part only gives the class means. What a network does
// not allow (derivatives through a foreign operator, latency of a free shape, geometry without a
// fully connected head) is left out for all, with a warning. Throws InputError when a network does
// not fit the data or an option is out of range.
Evidence gather_evidence(const std::vector<NamedNetwork>& networks, const PreparedData& data,
                         const EvidenceOptions& options = {});

}  // namespace ncprune
