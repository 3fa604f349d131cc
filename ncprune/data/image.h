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
  bool more_frames = false;     // whether the file has further pages or frames, which are not read
};

// Most pixels of an image; checked before anything is decoded.
inline constexpr int64_t kMaxImagePixels = 1 << 25;

// Most image files of a data set, and the largest size of one in bytes.
inline constexpr size_t kMaxImageFiles = 1 << 21;
inline constexpr uint64_t kMaxImageFileBytes = 64 << 20;

// Whether the name of a file is that of an image that decode_image() reads: it ends in .jpg, .jpeg,
// .jpe, .jfif, .png, .webp, .bmp, .tif or .tiff, upper or lower case.
bool is_image_name(std::string_view name);

// The ending, in lower case, of an image in a format that decode_image() does not read (".heic",
// ".gif", ...); empty for every other name.
std::string_view unread_image_ending(std::string_view name);

// Decodes `bytes`, a whole JPEG, PNG, WebP, BMP or TIFF file that messages call `where`. Colours
// are those of Pillow: CMYK and YCCK JPEG files become RGB as Pillow's convert("RGB") does. 16 bits
// become 8, a palette becomes its colours, transparent pixels become black (BMP: the alpha channel
// is ignored). Only the first page of a TIFF file and the first frame of a WebP file are read. The
// orientation of a TIFF file is applied; EXIF data are ignored (see exif.h). Throws InputError on
// any other format, on an image of more than `max_pixels`, and on a damaged or truncated file, even
// where a decoder could guess the rest.
Image decode_image(std::string_view bytes, const std::string& where,
                   int64_t max_pixels = kMaxImagePixels);

// Encodes a JPEG file of `quality`, 1 to 100, with chroma at half the resolution, as is usual.
// REQUIRES: 1 or 3 channels.
std::string encode_jpeg(const Image& image, int quality);

// Encodes a PNG file. REQUIRES: 1 or 3 channels.
std::string encode_png(const Image& image);

// Converts to 1 or 3 channels: copies grey to all three, or computes 0.299 R + 0.587 G + 0.114 B
// (ITU-R BT.601), rounded as Pillow's convert("L") rounds. REQUIRES: `channels` is 1 or 3.
Image with_channels(Image image, int64_t channels);

}  // namespace ncprune
