#pragma once

#include <string>
#include <string_view>

namespace ncprune {

// Text from a file, made safe for a one-line message: as printable_text(), at most 60 bytes of the
// text and then "...".
std::string excerpt(std::string_view text);

// Whether `text` is UTF-8 (Unicode 15, table 3-7) without control characters, as JSON, tables and
// ONNX files require.
bool is_plain_text(std::string_view text);

}  // namespace ncprune
