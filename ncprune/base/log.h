#pragma once

#include <string>

namespace ncprune {

// --quiet, for the whole process: no progress bars, no log_info.
void set_quiet(bool quiet);
bool is_quiet();

// One line on standard error ("ncprune: warning: ..."): something the user should know that does
// not stop the work.
void log_warning(const std::string& message);

// One line on standard error about what is being done; silent under --quiet.
void log_info(const std::string& message);

}  // namespace ncprune
