#include "ncprune/base/printable_text.h"

#include <fmt/format.h>

namespace ncprune {
namespace {

unsigned byte_at(std::string_view text, size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

// U+0000 to U+001F and U+007F to U+009F.
bool is_control(std::string_view text, size_t at) {
  const unsigned first = byte_at(text, at);
  return first < 0x20 || first == 0x7F || (first == 0xC2 && byte_at(text, at + 1) < 0xA0);
}

}  // namespace

size_t character_length(std::string_view text, size_t at) {
  const unsigned first = byte_at(text, at);
  if (first < 0x80) return 1;
  const size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  // The range of the second byte excludes overlong forms, surrogates and code points beyond
  // U+10FFFF.
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  const unsigned second = byte_at(text, at + 1);
  if (first < 0xC2 || first > 0xF4 || second < low || second > high) return 0;
  for (size_t k = 2; k < length; ++k) {
    if ((byte_at(text, at + k) & 0xC0U) != 0x80U) return 0;
  }
  return length;
}

std::string printable_text(std::string_view text) {
  std::string shown;
  for (size_t i = 0; i < text.size();) {
    const size_t length = character_length(text, i);
    if (length > 0 && !is_control(text, i)) {
      shown += text.substr(i, length);
      i += length;
      continue;
    }
    shown += fmt::format("\\x{:02x}", byte_at(text, i));
    ++i;
  }
  return shown;
}

}  // namespace ncprune
