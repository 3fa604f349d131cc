#pragma once

#include <string>
#include <vector>

#include "ncprune/stats/metric.h"

namespace ncprune {

// The metric in which a solver searches. An entry is a file of search_metrics/.
struct SearchMetric {
  std::string name = {};  // the file's
  std::string summary;
  // The metric of the search, given the metric `recipe` of repairs and criteria.
  MetricOptions (*of)(const MetricOptions& recipe);
  // Whether the error of each row of a layer is weighted by its effect on the class scores; else
  // all rows count equally.
  bool class_aware;
};

const std::vector<SearchMetric>& search_metrics();

}  // namespace ncprune
