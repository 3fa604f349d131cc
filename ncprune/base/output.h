#pragma once

namespace ncprune {

// When several processes do one job, only one prints and writes. After this call this process does
// not: its standard output is discarded, log and progress are silent, and write_file() and
// require_writable() do nothing. Errors are still printed.
void leave_output_to_another();
bool output_left_to_another();

}  // namespace ncprune
