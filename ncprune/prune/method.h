#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ncprune {

// A named combination of parts, with its source. Every part is the name of a table entry.
struct Method {
  std::string name;
  std::string summary;
  std::string source;
  std::string criterion;                          // criteria()
  std::string allocation = "uniform";             // allocations()
  std::string pattern = "layer";                  // find_pattern()
  std::string solver = "score";                   // solvers()
  std::string search_metric = "neural-collapse";  // search_metrics(), of the solver
  std::string repair = "none";                    // repairs()
  // Every round scores the weights anew; the kept share falls geometrically.
  int64_t rounds = 1;
  std::string batch_norm =
      "keep";  // batch_norm_treatments(), where Recipe::batch_norm is not given
};

const std::vector<Method>& methods();

}  // namespace ncprune
