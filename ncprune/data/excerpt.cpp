#include "ncprune/data/excerpt.h"

#include <fmt/format.h>

namespace ncprune {

std::string excerpt(std::string_view text) {
  constexpr size_t kLongest = 60;
  size_t end = text.size();
  if (end > kLongest) {
    end = kLongest;
    // A cut inside a UTF-8 character would leave half of it.
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

}  // namespace ncprune
