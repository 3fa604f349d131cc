#pragma once

namespace ncprune {

// Of several processes that do one job, one prints and writes. From now on this process does not:
// its standard output goes nowhere, log and progress are silent, write_file() and
// require_writable() do nothing. Errors are still said.
void leave_output_to_another();
bool output_left_to_another();

}  // namespace ncprune
