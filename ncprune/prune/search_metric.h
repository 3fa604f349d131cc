#pragma once

#include <string>
#include <vector>

#include "ncprune/stats/metric.h"

namespace ncprune {

// The metric in which a solver searches. An entry is a file of search_metrics/.
struct SearchMetric {
  std::string name = {};  // the file's
  std::string summary;
  // The metric of the search, where repairs and criteria use `recipe`.
  MetricOptions (*of)(const MetricOptions& recipe);
  // The error of each of a layer's rows counts by what the class scores make of it; else all rows
  // count alike.
  bool class_aware;
};

const std::vector<SearchMetric>& search_metrics();

}  // namespace ncprune
