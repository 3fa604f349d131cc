#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "ncprune/data/image_formats.h"

// The libraries that the program links read BMP files only from disk and without the headers of
// versions 4 and 5, which GIMP and ImageMagick write.
namespace ncprune {
namespace {

// Where the parts of a colour lie in a pixel: red, green, blue.
using ColourMasks = std::array<uint32_t, 3>;

struct BmpHeader {
  uint32_t data = 0;     // offset of the pixels
  uint32_t palette = 0;  // offset of the colours, `entry_bytes` each
  uint32_t entry_bytes = 4;
  uint32_t colours = 0;  // in the palette; 0: as many as the bits of a pixel can name
  int64_t width = 0;
  int64_t height = 0;
  bool top_down = false;
  uint32_t bits = 0;  // of a pixel
  std::optional<ColourMasks> masks;
};

// The bytes of one BMP file.
class BmpFile {
 public:
  BmpFile(std::string_view bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  InputError damaged(std::string_view reason) const { return damaged_image(where_, "BMP", reason); }

  // `size` bytes at `offset`, little-endian.
  uint32_t number(uint64_t offset, uint32_t size) const {
    if (offset + size > bytes_.size()) throw damaged("the file is truncated");
    uint32_t value = 0;
    for (uint32_t i = size; i-- > 0;) {
      value = value << 8 | static_cast<unsigned char>(bytes_[offset + i]);
    }
    return value;
  }

  BmpHeader header() const;
  // The palette as red, green, blue, one entry for every value of a pixel; colours that the file
  // does not name are black.
  std::vector<std::array<uint8_t, 3>> palette(const BmpHeader& header) const;

 private:
  void read_masks(BmpHeader& header, uint32_t compression) const;

  std::string_view bytes_;
  const std::string& where_;
};

void BmpFile::read_masks(BmpHeader& header, uint32_t compression) const {
  constexpr uint32_t kBitFields = 3;
  constexpr uint32_t kBitFieldsWithAlpha = 6;
  const bool wide = header.bits == 16 || header.bits == 32;
  if (compression == 0) {
    if (header.bits == 16) header.masks = ColourMasks{0x7C00, 0x3E0, 0x1F};
    if (header.bits == 32) header.masks = ColourMasks{0xFF0000, 0xFF00, 0xFF};
    return;
  }
  if (!wide || (compression != kBitFields && compression != kBitFieldsWithAlpha)) {
    throw InputError(
        fmt::format("{}: a BMP image with compression {}; wanted one without compression", where_,
                    compression));
  }
  header.masks = ColourMasks{number(54, 4), number(58, 4), number(62, 4)};
  for (const uint32_t mask : *header.masks) {
    const uint32_t bits = mask == 0 ? 0 : mask >> std::countr_zero(mask);
    if (bits == 0 || (uint64_t{bits} & (uint64_t{bits} + 1)) != 0) {
      throw damaged("a colour has no consecutive bits");
    }
  }
}

BmpHeader BmpFile::header() const {
  constexpr std::array<uint32_t, 7> kSizes{12, 40, 52, 56, 64, 108, 124};
  BmpHeader header;
  header.data = number(10, 4);
  const uint32_t size = number(14, 4);
  if (std::find(kSizes.begin(), kSizes.end(), size) == kSizes.end()) {
    throw damaged(fmt::format("a header of {} bytes", size));
  }
  header.palette = 14 + size;
  if (size == 12) {
    header.width = number(18, 2);
    header.height = number(20, 2);
    header.bits = number(24, 2);
    header.entry_bytes = 3;
    return header;
  }
  header.width = static_cast<int32_t>(number(18, 4));
  header.height = static_cast<int32_t>(number(22, 4));
  header.top_down = header.height < 0;
  header.height = std::abs(header.height);
  header.bits = number(28, 2);
  header.colours = number(46, 4);
  const uint32_t compression = number(30, 4);
  read_masks(header, compression);
  return header;
}

std::vector<std::array<uint8_t, 3>> BmpFile::palette(const BmpHeader& header) const {
  const uint32_t values = 1U << header.bits;
  if (header.colours > values) throw damaged("more colours than a pixel can name");
  std::vector<std::array<uint8_t, 3>> colours(values);
  const uint32_t given = header.colours == 0 ? values : header.colours;
  for (uint32_t i = 0; i < given; ++i) {
    const uint64_t at = header.palette + uint64_t{i} * header.entry_bytes;
    for (uint32_t c = 0; c < 3; ++c) colours[i][2 - c] = static_cast<uint8_t>(number(at + c, 1));
  }
  return colours;
}

// The part of `pixel` under `mask`, scaled to 0 ... 255 and rounded down, as Pillow does.
uint8_t masked(uint32_t pixel, uint32_t mask) {
  const int shift = std::countr_zero(mask);
  return static_cast<uint8_t>(uint64_t{(pixel & mask) >> shift} * 255 / (mask >> shift));
}

// One row of pixels from `row` to `out` [width, channels].
void unpack_masked(const uint8_t* row, const BmpHeader& header, uint8_t* out) {
  const uint32_t bytes = header.bits / 8;
  for (int64_t x = 0; x < header.width; ++x, row += bytes) {
    uint32_t pixel = 0;
    for (uint32_t i = bytes; i-- > 0;) pixel = pixel << 8 | row[i];
    for (const uint32_t mask : *header.masks) *out++ = masked(pixel, mask);
  }
}

void unpack_indices(const uint8_t* row, const BmpHeader& header,
                    const std::vector<std::array<uint8_t, 3>>& palette, int64_t channels,
                    uint8_t* out) {
  const uint32_t in_byte = 8 / header.bits;
  for (int64_t x = 0; x < header.width; ++x) {
    const auto at = static_cast<uint64_t>(x);
    const uint32_t shift = 8 - header.bits * (static_cast<uint32_t>(at % in_byte) + 1);
    const uint32_t index = (uint32_t{row[at / in_byte]} >> shift) & ((1U << header.bits) - 1);
    out = std::copy_n(palette[index].begin(), channels, out);
  }
}

}  // namespace

Image decode_bmp(std::string_view bytes, const std::string& where, int64_t max_pixels) {
  const BmpFile file(bytes, where);
  const BmpHeader header = file.header();
  require_size(header.height, header.width, max_pixels, where);
  const bool indexed = header.bits == 1 || header.bits == 4 || header.bits == 8;
  if (!indexed && header.bits != 24 && !header.masks) {
    throw file.damaged(fmt::format("pixels of {} bits", header.bits));
  }
  const auto stride =
      (static_cast<uint64_t>(header.width) * header.bits + 31) / 32 * 4;  // rows end at 32 bits
  if (header.data + stride * static_cast<uint64_t>(header.height) > bytes.size()) {
    throw file.damaged("the file is truncated");
  }
  std::vector<std::array<uint8_t, 3>> palette;
  if (indexed) palette = file.palette(header);
  const bool grey = indexed && std::all_of(palette.begin(), palette.end(), [](const auto& colour) {
                      return colour[0] == colour[1] && colour[1] == colour[2];
                    });
  Image image = blank_image(grey ? 1 : 3, header.height, header.width);
  for (int64_t y = 0; y < image.height; ++y) {
    const int64_t stored = header.top_down ? y : image.height - 1 - y;
    const auto* row = reinterpret_cast<const uint8_t*>(bytes.data()) + header.data +
                      stride * static_cast<uint64_t>(stored);
    uint8_t* out = image.pixels.data() + y * image.width * image.channels;
    if (indexed) {
      unpack_indices(row, header, palette, image.channels, out);
    } else if (header.masks) {
      unpack_masked(row, header, out);
    } else {
      for (int64_t i = 0; i < 3 * image.width; i += 3)
        std::reverse_copy(row + i, row + i + 3, out + i);
    }
  }
  return image;
}

}  // namespace ncprune
