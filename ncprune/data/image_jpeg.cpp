#include <fmt/format.h>
#include <turbojpeg.h>

#include <memory>
#include <stdexcept>

#include "ncprune/data/image_formats.h"

namespace ncprune {
namespace {

using JpegHandle = std::unique_ptr<void, int (*)(tjhandle)>;

// The library only warns about a truncated file and fills the rest with grey. The limit on scans
// bounds the time: a small file can contain a great many.
constexpr int kJpegFlags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;

// The bytes of the format `pixel_format` of turbojpeg, [height, width, channels].
Image jpeg_pixels(tjhandle decoder, std::string_view bytes, Image image, int pixel_format) {
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  if (tjDecompress2(decoder, data, bytes.size(), image.pixels.data(), static_cast<int>(image.width),
                    0, static_cast<int>(image.height), pixel_format, kJpegFlags) != 0) {
    throw std::runtime_error(tjGetErrorStr2(decoder));
  }
  return image;
}

// Cyan, magenta, yellow and black as red, green and blue, to the byte as Pillow converts them. The
// file holds 255 minus the ink, as Adobe writes it.
Image rgb_of_inverted_cmyk(const Image& cmyk) {
  Image rgb = blank_image(3, cmyk.height, cmyk.width);
  const size_t pixels = cmyk.pixels.size() / 4;
  for (size_t i = 0; i < pixels; ++i) {
    const int light = cmyk.pixels[4 * i + 3];  // 255 minus black
    for (size_t c = 0; c < 3; ++c) {
      const int product = (255 - cmyk.pixels[4 * i + c]) * light + 128;
      rgb.pixels[3 * i + c] = static_cast<uint8_t>(light - (((product >> 8) + product) >> 8));
    }
  }
  return rgb;
}

}  // namespace

Image decode_jpeg(std::string_view bytes, const std::string& where, int64_t max_pixels) {
  const JpegHandle decoder(tjInitDecompress(), tjDestroy);
  if (!decoder) throw std::bad_alloc();
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(decoder.get(), data, bytes.size(), &width, &height, &subsampling,
                          &colours) != 0) {
    throw damaged_image(where, "JPEG", tjGetErrorStr2(decoder.get()));
  }
  require_size(height, width, max_pixels, where);
  try {
    if (colours == TJCS_CMYK || colours == TJCS_YCCK) {
      return rgb_of_inverted_cmyk(
          jpeg_pixels(decoder.get(), bytes, blank_image(4, height, width), TJPF_CMYK));
    }
    const bool grey = colours == TJCS_GRAY;
    return jpeg_pixels(decoder.get(), bytes, blank_image(grey ? 1 : 3, height, width),
                       grey ? TJPF_GRAY : TJPF_RGB);
  } catch (const std::runtime_error& error) {
    throw damaged_image(where, "JPEG", error.what());
  }
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

}  // namespace ncprune
