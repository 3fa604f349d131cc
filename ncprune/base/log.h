#pragma once

#include <string>

namespace ncprune {

// --quiet, for the whole process: no progress bars and no log_info().
void set_quiet(bool quiet);
bool is_quiet();

// Prints one line on standard error ("ncprune: warning: ...") that the user should know.
void log_warning(const std::string& message);

// Prints one line on standard error about the current work; silent under --quiet.
void log_info(const std::string& message);

}  // namespace ncprune
