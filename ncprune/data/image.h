#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// A decoded image: grey (1 channel) or red, green, blue (3).
struct Image {
  int64_t channels = 0;
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> pixels;  // [height, width, channels]
};

// Most pixels of an image; checked before anything is decoded.
inline constexpr int64_t kMaxImagePixels = 1 << 25;

// Most image files of a data set, and the largest size of one in bytes.
inline constexpr size_t kMaxImageFiles = 1 << 21;
inline constexpr uint64_t kMaxImageFileBytes = 64 << 20;

// Whether the name of a file is that of an image: it ends in .jpg, .jpeg or .png, upper or lower
// case.
bool is_image_name(std::string_view name);

// Decodes `bytes`, a whole JPEG or PNG file that messages call `where`. 16 bits become 8, a palette
// becomes its colours, transparent pixels become black; the EXIF orientation is ignored. Throws
// InputError on any other format, on CMYK JPEG, on an image of more than `max_pixels`, and on a
// damaged or truncated file, even where a decoder could guess the rest.
Image decode_image(std::string_view bytes, const std::string& where,
                   int64_t max_pixels = kMaxImagePixels);

// Encodes a JPEG file of `quality`, 1 to 100, with chroma at half the resolution, as is usual.
// REQUIRES: 1 or 3 channels.
std::string encode_jpeg(const Image& image, int quality);

// Encodes a PNG file. REQUIRES: 1 or 3 channels.
std::string encode_png(const Image& image);

// Converts to 1 or 3 channels: copies grey to all three, or computes 0.299 R + 0.587 G + 0.114 B
// (ITU-R BT.601), rounded. REQUIRES: `channels` is 1 or 3.
Image with_channels(Image image, int64_t channels);

}  // namespace ncprune
