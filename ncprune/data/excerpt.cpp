#include "ncprune/data/excerpt.h"

#include <fmt/format.h>

#include "ncprune/data/utf8.h"

namespace ncprune {

std::string excerpt(std::string_view text) {
  constexpr size_t kLongest = 60;
  size_t end = text.size();
  if (end > kLongest) {
    end = kLongest;
    // Do not cut inside a UTF-8 character.
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  }
  std::string shown;
  for (const char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  return end == text.size() ? shown : shown + "...";
}

bool is_plain_text(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t length = first < 0x20 || first == 0x7F ? 0 : utf8_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

}  // namespace ncprune
