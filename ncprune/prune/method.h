#pragma once

#include <string>
#include <vector>

namespace ncprune {

// A method is a named combination of the parts, with a source.
struct Method {
  std::string name;
  std::string summary;
  std::string source;
  std::string criterion;   // criteria()
  std::string allocation;  // allocations()
  std::string pattern;     // patterns()
  std::string support;     // "score": the mask is the best scores; "admm": search_support()
  std::string repair;      // "none" or "least-squares"
};

const std::vector<Method>& methods();

}  // namespace ncprune
