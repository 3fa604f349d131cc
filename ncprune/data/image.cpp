#include "ncprune/data/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "ncprune/base/error.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/image_formats.h"

namespace ncprune {
namespace {

using namespace std::string_view_literals;

// A format, the first bytes of its files, and its decoder.
struct ImageFormat {
  std::string_view begin;
  Image (*decode)(std::string_view bytes, const std::string& where, int64_t max_pixels);
};

constexpr std::array kImageFormats{
    ImageFormat{"\xFF\xD8"sv, decode_jpeg}, ImageFormat{"\x89PNG"sv, decode_png},
    ImageFormat{"RIFF"sv, decode_webp},     ImageFormat{"BM"sv, decode_bmp},
    ImageFormat{"II*\0"sv, decode_tiff},    ImageFormat{"MM\0*"sv, decode_tiff},
    ImageFormat{"II+\0"sv, decode_tiff},    ImageFormat{"MM\0+"sv, decode_tiff}};

constexpr std::array kImageEndings{".jpg"sv,  ".jpeg"sv, ".jpe"sv, ".jfif"sv, ".png"sv,
                                   ".webp"sv, ".bmp"sv,  ".tif"sv, ".tiff"sv};

constexpr std::array kUnreadEndings{".heic"sv, ".heif"sv, ".avif"sv, ".gif"sv, ".svg"sv, ".jp2"sv,
                                    ".jxl"sv,  ".ppm"sv,  ".pgm"sv,  ".pbm"sv, ".pnm"sv, ".tga"sv,
                                    ".psd"sv,  ".ico"sv,  ".exr"sv,  ".hdr"sv, ".dng"sv, ".cr2"sv,
                                    ".cr3"sv,  ".nef"sv,  ".arw"sv,  ".raw"sv, ".dcm"sv, ".eps"sv};

template <size_t n>
std::string_view ending_among(std::string_view name,
                              const std::array<std::string_view, n>& endings) {
  const auto* const found =
      std::find_if(endings.begin(), endings.end(), [&](std::string_view ending) {
        return name.size() >= ending.size() &&
               std::equal(
                   ending.begin(), ending.end(), name.end() - ending.size(),
                   [](char e, char c) { return e == std::tolower(static_cast<unsigned char>(c)); });
      });
  return found == endings.end() ? ""sv : *found;
}

}  // namespace

InputError damaged_image(const std::string& where, const char* format, std::string_view reason) {
  return InputError(fmt::format("{}: damaged {} image: {}", where, format, excerpt(reason)));
}

Image blank_image(int64_t channels, int64_t height, int64_t width) {
  Image image{channels, height, width, {}};
  image.pixels.resize(static_cast<size_t>(channels * height * width));
  return image;
}

void require_size(int64_t height, int64_t width, int64_t max_pixels, const std::string& where) {
  if (height >= 1 && width >= 1 && height <= max_pixels / width) return;
  throw InputError(fmt::format("{}: an image of {} x {} pixels; wanted 1 to {} in total", where,
                               height, width, max_pixels));
}

bool is_image_name(std::string_view name) {
  return !ending_among(name, kImageEndings).empty();
}

std::string_view unread_image_ending(std::string_view name) {
  return ending_among(name, kUnreadEndings);
}

Image decode_image(std::string_view bytes, const std::string& where, int64_t max_pixels) {
  for (const ImageFormat& format : kImageFormats) {
    if (bytes.starts_with(format.begin)) return format.decode(bytes, where, max_pixels);
  }
  throw InputError(fmt::format("{}: not a JPEG, PNG, WebP, BMP or TIFF image", where));
}

Image with_channels(Image image, int64_t channels) {
  if (image.channels == channels) return image;
  Image result = blank_image(channels, image.height, image.width);
  const size_t pixels = static_cast<size_t>(image.height * image.width);
  for (size_t i = 0; i < pixels; ++i) {
    if (channels == 3) {
      std::fill_n(&result.pixels[3 * i], 3, image.pixels[i]);
    } else {
      // Pillow's convert("L"): 16 bits after the point.
      const uint8_t* rgb = &image.pixels[3 * i];
      const uint32_t sum = 19595U * rgb[0] + 38470U * rgb[1] + 7471U * rgb[2] + 0x8000U;
      result.pixels[i] = static_cast<uint8_t>(sum >> 16);
    }
  }
  return result;
}

}  // namespace ncprune
