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
  // Passes over the layers of a method that searches single weights, in [1, 10]. Each pass after
  // the first frees weights that no class score depends on (live_rows.h) and spends them in the
  // same layer, as far as it has room; it is left out when fewer than 1 % are wasted.
  int64_t sweeps = 1;
  std::string finish = "keep";  // finishes(), where Recipe::finish is not given
};

const std::vector<Method>& methods();

// Throws InputError, listing the known names, on another one.
const Method& find_method(const std::string& name);

}  // namespace ncprune
