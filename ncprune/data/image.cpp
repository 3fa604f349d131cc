#include "ncprune/data/image.h"

#include <fmt/format.h>
#include <png.h>
#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <stdexcept>

#include "ncprune/base/error.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

InputError damaged(const std::string& where, const char* format, const char* reason) {
  return InputError(fmt::format("{}: damaged {} image: {}", where, format, excerpt(reason)));
}

// An image without pixel values yet.
Image blank_image(int64_t channels, int64_t height, int64_t width) {
  return {channels, height, width,
          std::vector<uint8_t>(static_cast<size_t>(channels * height * width))};
}

void require_size(int64_t height, int64_t width, int64_t max_pixels, const std::string& where) {
  if (height >= 1 && width >= 1 && height <= max_pixels / width) return;
  throw InputError(fmt::format("{}: an image of {} x {} pixels; wanted 1 to {} in total", where,
                               height, width, max_pixels));
}

Image decode_jpeg(std::string_view bytes, const std::string& where, int64_t max_pixels) {
  const std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), tjDestroy);
  if (!decoder) throw std::bad_alloc();
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(decoder.get(), data, bytes.size(), &width, &height, &subsampling,
                          &colours) != 0) {
    throw damaged(where, "JPEG", tjGetErrorStr2(decoder.get()));
  }
  require_size(height, width, max_pixels, where);
  if (colours == TJCS_CMYK || colours == TJCS_YCCK) {
    throw InputError(fmt::format("{}: a CMYK JPEG; wanted grey or RGB", where));
  }
  const bool grey = colours == TJCS_GRAY;
  Image image = blank_image(grey ? 1 : 3, height, width);
  // The library only warns about a truncated file and fills the rest with grey. The limit on scans
  // bounds the time: a small file can contain a great many.
  constexpr int kFlags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;
  if (tjDecompress2(decoder.get(), data, bytes.size(), image.pixels.data(), width, 0, height,
                    grey ? TJPF_GRAY : TJPF_RGB, kFlags) != 0) {
    throw damaged(where, "JPEG", tjGetErrorStr2(decoder.get()));
  }
  return image;
}

Image decode_png(std::string_view bytes, const std::string& where, int64_t max_pixels) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, void (*)(png_image*)> guard(&png, png_image_free);
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) {
    throw damaged(where, "PNG", std::begin(png.message));
  }
  require_size(png.height, png.width, max_pixels, where);
  const bool grey = (png.format & PNG_FORMAT_FLAG_COLOR) == 0;
  png.format = grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // otherwise 16 bits mean linear light
  Image image = blank_image(grey ? 1 : 3, png.height, png.width);
  if (png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr) == 0) {
    throw damaged(where, "PNG", std::begin(png.message));
  }
  return image;
}

}  // namespace

bool is_image_name(std::string_view name) {
  constexpr std::array<std::string_view, 3> kEndings{".jpg", ".jpeg", ".png"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) {
    return name.size() >= ending.size() &&
           std::equal(ending.begin(), ending.end(), name.end() - ending.size(), [](char e, char c) {
             return e == std::tolower(static_cast<unsigned char>(c));
           });
  });
}

Image decode_image(std::string_view bytes, const std::string& where, int64_t max_pixels) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xFF\xD8"sv)) return decode_jpeg(bytes, where, max_pixels);
  if (bytes.starts_with("\x89PNG"sv)) return decode_png(bytes, where, max_pixels);
  throw InputError(fmt::format("{}: neither a JPEG nor a PNG image", where));
}

std::string encode_jpeg(const Image& image, int quality) {
  const std::unique_ptr<void, int (*)(tjhandle)> encoder(tjInitCompress(), tjDestroy);
  if (!encoder) throw std::bad_alloc();
  const bool grey = image.channels == 1;
  unsigned char* bytes = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): the library's type
  const int done = tjCompress2(encoder.get(), image.pixels.data(), static_cast<int>(image.width), 0,
                               static_cast<int>(image.height), grey ? TJPF_GRAY : TJPF_RGB, &bytes,
                               &size, grey ? TJSAMP_GRAY : TJSAMP_420, quality, TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> guard(bytes, tjFree);
  if (done != 0) throw std::runtime_error(tjGetErrorStr2(encoder.get()));
  return {reinterpret_cast<const char*>(bytes), size};
}

std::string encode_png(const Image& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  const std::unique_ptr<png_image, void (*)(png_image*)> guard(&png, png_image_free);
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(png), '\0');
  png_alloc_size_t size = bytes.size();
  if (png_image_write_to_memory(&png, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr) ==
      0) {
    throw std::runtime_error(std::begin(png.message));
  }
  bytes.resize(size);
  return bytes;
}

Image with_channels(Image image, int64_t channels) {
  if (image.channels == channels) return image;
  Image result = blank_image(channels, image.height, image.width);
  const size_t pixels = static_cast<size_t>(image.height * image.width);
  for (size_t i = 0; i < pixels; ++i) {
    if (channels == 3) {
      std::fill_n(&result.pixels[3 * i], 3, image.pixels[i]);
    } else {
      const uint8_t* rgb = &image.pixels[3 * i];
      result.pixels[i] =
          static_cast<uint8_t>((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
    }
  }
  return result;
}

}  // namespace ncprune
