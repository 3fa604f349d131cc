#include "ncprune/data/exif.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ncprune {
namespace {

constexpr std::string_view kExifBegin("Exif\0\0", 6);

// `size` bytes at `offset`; nothing beyond the end.
std::optional<uint32_t> number_at(std::string_view bytes, size_t offset, size_t size,
                                  bool big_endian) {
  if (offset > bytes.size() || bytes.size() - offset < size) return std::nullopt;
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) {
    const size_t at = offset + (big_endian ? i : size - 1 - i);
    value = value << 8 | static_cast<unsigned char>(bytes[at]);
  }
  return value;
}

// The data in the first segment of EXIF; a JPEG file is a list of segments until its pixels begin.
std::string_view exif_of_jpeg(std::string_view bytes) {
  constexpr uint32_t kApp1 = 0xFFE1;
  constexpr uint32_t kStartOfScan = 0xFFDA;
  for (size_t at = 2;;) {
    while (at + 1 < bytes.size() && bytes[at] == '\xFF' && bytes[at + 1] == '\xFF')
      ++at;  // padding
    const auto marker = number_at(bytes, at, 2, true);
    const auto size = number_at(bytes, at + 2, 2, true);
    if (!marker || !size || *marker < 0xFF00 || *marker == kStartOfScan || *size < 2) return {};
    const std::string_view segment = bytes.substr(at + 4).substr(0, *size - 2);
    if (*marker == kApp1 && segment.starts_with(kExifBegin)) return segment;
    at += 2 + *size;
  }
}

std::string_view exif_of_png(std::string_view bytes) {
  for (size_t at = 8;;) {
    const auto size = number_at(bytes, at, 4, true);
    if (!size || at + 8 > bytes.size()) return {};
    if (bytes.substr(at + 4, 4) == "eXIf") return bytes.substr(at + 8).substr(0, *size);
    at += size_t{12} + *size;
  }
}

std::string_view exif_of_webp(std::string_view bytes) {
  for (size_t at = 12;;) {
    const auto size = number_at(bytes, at + 4, 4, false);
    if (!size) return {};
    if (bytes.substr(at, 4) == "EXIF") return bytes.substr(at + 8).substr(0, *size);
    at += size_t{8} + *size + *size % 2;
  }
}

// EXIF data are a TIFF file without pixels: the orientation is an entry of its first directory.
int orientation_in(std::string_view tiff) {
  constexpr uint32_t kOrientation = 0x0112;
  constexpr uint32_t kShort = 3;
  const bool big_endian = tiff.starts_with("MM");
  if (!big_endian && !tiff.starts_with("II")) return 1;
  const auto directory = number_at(tiff, 4, 4, big_endian);
  if (!directory) return 1;
  const auto entries = number_at(tiff, *directory, 2, big_endian);
  for (uint32_t i = 0; i < entries.value_or(0); ++i) {
    const size_t entry = *directory + size_t{2} + size_t{12} * i;
    const auto tag = number_at(tiff, entry, 2, big_endian);
    if (!tag) return 1;
    if (*tag != kOrientation) continue;
    const uint32_t value = number_at(tiff, entry + 8, 2, big_endian).value_or(1);
    const bool known = number_at(tiff, entry + 2, 2, big_endian) == kShort;
    return known && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace

int exif_orientation(std::string_view bytes) {
  std::string_view exif;
  if (bytes.starts_with("\xFF\xD8")) exif = exif_of_jpeg(bytes);
  if (bytes.starts_with("\x89PNG")) exif = exif_of_png(bytes);
  if (bytes.starts_with("RIFF")) exif = exif_of_webp(bytes);
  if (exif.starts_with(kExifBegin)) exif.remove_prefix(kExifBegin.size());
  return orientation_in(exif);
}

}  // namespace ncprune
