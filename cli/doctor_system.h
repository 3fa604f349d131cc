#pragma once

#include <string>

namespace ncprune::cli {

// Prints what ncprune, its libraries and this machine are, for reports of bugs, and writes it to
// the file `json` unless that is empty.
void run_doctor_system(const std::string& json);

}  // namespace ncprune::cli
