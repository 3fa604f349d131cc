#include "ncprune/data/excerpt.h"

#include "ncprune/base/printable_text.h"

namespace ncprune {

std::string excerpt(std::string_view text) {
  constexpr size_t kLongest = 60;
  size_t end = text.size();
  if (end > kLongest) {
    end = kLongest;
    // Do not cut inside a UTF-8 character.
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  }
  const std::string shown = printable_text(text.substr(0, end));
  return end == text.size() ? shown : shown + "...";
}

bool is_plain_text(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t length = character_length(text, i);
    if (length == 0 || first < 0x20 || first == 0x7F) return false;
    i += length;
  }
  return true;
}

}  // namespace ncprune
