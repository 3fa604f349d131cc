#pragma once

#include <png.h>
#include <turbojpeg.h>

#include <string>

#include "ncprune/data/image.h"

namespace ncprune {

// A picture whose every pixel has a value of its own, as long as there are few.
inline Image pattern(int64_t channels, int64_t height, int64_t width, int first = 0) {
  Image image{channels, height, width, {}};
  for (int64_t i = 0; i < channels * height * width; ++i) {
    image.pixels.push_back(static_cast<uint8_t>(first + 7 * i));
  }
  return image;
}

inline Image plain(int64_t channels, int64_t side, uint8_t value) {
  return {channels, side, side,
          std::vector<uint8_t>(static_cast<size_t>(channels * side * side), value)};
}

// The image as the bytes of a PNG file; `format` is libpng's, of as many channels as the image has.
inline std::string png_bytes(const Image& image, png_uint_32 format) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = format;
  png_alloc_size_t size = 1 << 20;
  std::string bytes(size, '\0');
  png_image_write_to_memory(&png, bytes.data(), &size, 0, image.pixels.data(), 0, nullptr);
  bytes.resize(size);
  return bytes;
}

// `size` bytes of `value`, little-endian.
inline std::string little_endian(uint64_t value, size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
  return bytes;
}

inline std::string png_bytes(const Image& image) {
  return png_bytes(image, image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB);
}

inline std::string jpeg_bytes(const Image& image) {
  const tjhandle encoder = tjInitCompress();
  unsigned char* data = nullptr;
  unsigned long size = 0;
  const bool grey = image.channels == 1;
  constexpr int kQuality = 100;
  tjCompress2(encoder, image.pixels.data(), static_cast<int>(image.width), 0,
              static_cast<int>(image.height), grey ? TJPF_GRAY : TJPF_RGB, &data, &size,
              grey ? TJSAMP_GRAY : TJSAMP_444, kQuality, TJFLAG_ACCURATEDCT);
  std::string bytes(reinterpret_cast<const char*>(data), size);
  tjFree(data);
  tjDestroy(encoder);
  return bytes;
}

}  // namespace ncprune
