#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ncprune {

// The length in bytes of the UTF-8 character at `at` (Unicode 15, table 3-7); 0 where there is
// none. REQUIRES: at < text.size().
size_t character_length(std::string_view text, size_t at);

// `text` for a terminal: valid UTF-8 without control characters, which could move the cursor or
// start commands. Bytes that are no such character are shown as \xNN; all others stay. Everything
// that is printed and may come from a file, such as a name, passes through here.
std::string printable_text(std::string_view text);

}  // namespace ncprune
