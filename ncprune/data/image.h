#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// A decoded picture: grey (1 channel) or red, green, blue (3).
struct Image {
  int64_t channels = 0;
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> pixels;  // [height, width, channels]
};

// No image may have more pixels than this; asked before anything is decoded.
inline constexpr int64_t kMaxImagePixels = 1 << 25;

// Nor may there be more files of them, nor larger ones (bytes).
inline constexpr size_t kMaxImageFiles = 1 << 21;
inline constexpr uint64_t kMaxImageFileBytes = 64 << 20;

// Whether a file is taken for an image by its name: it ends in .jpg, .jpeg or .png, in any case.
bool is_image_name(std::string_view name);

// Decodes `bytes`, the whole of a JPEG or PNG file that messages call `where`. 16 bits become 8, a
// palette its colours, transparent pixels black; what EXIF says of the camera's position is
// ignored. Throws InputError on any other format, on four-colour (CMYK) JPEG, on an image of more
// than `max_pixels`, and on a damaged or shortened file, even where a decoder could guess the rest.
Image decode_image(std::string_view bytes, const std::string& where,
                   int64_t max_pixels = kMaxImagePixels);

// The picture as a JPEG file of `quality`, 1 to 100; colours at half the resolution, as is usual.
// REQUIRES: 1 or 3 channels.
std::string encode_jpeg(const Image& image, int quality);

// The picture as a PNG file. REQUIRES: 1 or 3 channels.
std::string encode_png(const Image& image);

// The same picture with 1 or 3 channels: grey in all three, or 0.299 R + 0.587 G + 0.114 B (ITU-R
// BT.601), rounded. REQUIRES: `channels` is 1 or 3.
Image with_channels(Image image, int64_t channels);

}  // namespace ncprune
