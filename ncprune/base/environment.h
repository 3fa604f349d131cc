#pragma once

#include <string>
#include <vector>

namespace ncprune {

// An environment variable that changes what the program does.
struct EnvironmentVariable {
  std::string name;
  std::string purpose;  // a whole sentence
};

// All of them, in the order in which a manual names them. It is a list of what the stages and the
// libraries below them read; `tests/check_project` finds reads that it lacks.
const std::vector<EnvironmentVariable>& environment_variables();

}  // namespace ncprune
