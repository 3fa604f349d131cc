#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ncprune {

// A method is a named combination of the parts, with a source.
struct Method {
  std::string name;
  std::string summary;
  std::string source;
  std::string criterion;                   // criteria()
  std::string allocation = "uniform";      // allocations()
  std::string pattern = "layer";           // find_pattern()
  std::string solver = "score";            // solvers()
  std::string metric = "neural-collapse";  // of the solver: or "plain", the mean over samples
  // "none"; "own": what the solver leaves; "bias": see correct_bias(); "least-squares".
  std::string repair = "none";
  int64_t rounds = 1;  // of scoring anew, the kept share falling geometrically
  // batch_norm_treatments(): used where PruneOptions::batch_norm is not given.
  std::string batch_norm = "keep";
};

const std::vector<Method>& methods();

// The parts of a method that are names, for command lines and files.
struct MethodPart {
  std::string name;
  std::string summary;
  std::string Method::*field;
};
const std::vector<MethodPart>& method_parts();

}  // namespace ncprune
