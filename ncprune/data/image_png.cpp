#include <png.h>

#include <memory>
#include <stdexcept>

#include "ncprune/data/image_formats.h"

namespace ncprune {

namespace {

// libpng allocates as much memory as a chunk of metadata says, before it reads the chunk.
void require_chunks_inside(std::string_view bytes, const std::string& where) {
  constexpr size_t kSignature = 8;
  constexpr size_t kHead = 8;  // length and type
  constexpr size_t kChecksum = 4;
  for (size_t at = kSignature; at + kHead <= bytes.size();) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
    if (length > bytes.size() - at - kHead) {
      throw damaged_image(where, "PNG", "a chunk is longer than the file");
    }
    if (bytes.substr(at + 4, 4) == "IEND") return;
    at += kHead + length + kChecksum;
  }
}

}  // namespace

Image decode_png(std::string_view bytes, const std::string& where, int64_t max_pixels) {
  require_chunks_inside(bytes, where);
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, void (*)(png_image*)> guard(&png, png_image_free);
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) {
    throw damaged_image(where, "PNG", std::begin(png.message));
  }
  require_size(png.height, png.width, max_pixels, where);
  const bool grey = (png.format & PNG_FORMAT_FLAG_COLOR) == 0;
  png.format = grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // otherwise 16 bits mean linear light
  Image image = blank_image(grey ? 1 : 3, png.height, png.width);
  if (png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr) == 0) {
    throw damaged_image(where, "PNG", std::begin(png.message));
  }
  return image;
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

}  // namespace ncprune
