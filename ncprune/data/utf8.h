#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ncprune {

// The text of a file as UTF-8.
struct DecodedText {
  std::string text;  // UTF-8 without a byte order mark
  std::string note;  // a sentence about the file's encoding; empty for UTF-8
};

// Decodes `bytes`, a whole file that messages call `where`: UTF-8 with or without a byte order
// mark, UTF-16 with one, otherwise Windows-1252 (of which Latin-1 is a part). Throws InputError
// for a file that is not text: Parquet, Arrow, ZIP and Excel files are recognised and the message
// says how to convert them; a byte 0 and malformed UTF-16 are refused with their place.
DecodedText decode_text(std::string bytes, const std::string& where);

}  // namespace ncprune
