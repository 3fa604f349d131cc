#include <fmt/format.h>
#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <memory>

#include "ncprune/data/excerpt.h"
#include "ncprune/data/image_formats.h"
#include "ncprune/data/image_geometry.h"

namespace ncprune {
namespace {

// A file in memory, as libtiff reads it, and the first error that libtiff reports.
struct TiffSource {
  std::string_view bytes;
  uint64_t position = 0;
  std::string error = {};
};

TiffSource& source_of(thandle_t handle) {
  return *static_cast<TiffSource*>(handle);
}

tmsize_t read_tiff(thandle_t handle, void* to, tmsize_t size) {
  TiffSource& source = source_of(handle);
  const uint64_t begin = std::min<uint64_t>(source.position, source.bytes.size());
  const uint64_t count = std::min<uint64_t>(static_cast<uint64_t>(std::max<tmsize_t>(size, 0)),
                                            source.bytes.size() - begin);
  std::copy_n(source.bytes.data() + begin, count, static_cast<char*>(to));
  source.position = begin + count;
  return static_cast<tmsize_t>(count);
}

toff_t seek_tiff(thandle_t handle, toff_t offset, int whence) {
  TiffSource& source = source_of(handle);
  if (whence == SEEK_CUR) offset += source.position;
  if (whence == SEEK_END) offset += source.bytes.size();
  return source.position = offset;
}

int keep_first_error(TIFF* /*file*/, void* source, const char* /*module*/, const char* format,
                     va_list values) {
  std::string& error = static_cast<TiffSource*>(source)->error;
  std::array<char, 256> text{};
  if (error.empty() && std::vsnprintf(text.data(), text.size(), format, values) > 0) {
    error = text.data();
  }
  return 1;
}

int ignore_warning(TIFF* /*file*/, void* /*source*/, const char* /*module*/, const char* /*format*/,
                   va_list /*values*/) {
  return 1;
}

using TiffFile = std::unique_ptr<TIFF, void (*)(TIFF*)>;

// Opens the first page. No allocation for it may take more than `max_bytes`.
TiffFile open_tiff(TiffSource& source, int64_t max_bytes) {
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                             TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), max_bytes);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_first_error, &source);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignore_warning, nullptr);
  return {TIFFClientOpenExt(
              "memory", "rm", &source, read_tiff,
              [](thandle_t, void*, tmsize_t) { return tmsize_t{0}; }, seek_tiff,
              [](thandle_t) { return 0; },
              [](thandle_t handle) { return static_cast<toff_t>(source_of(handle).bytes.size()); },
              nullptr, nullptr, options.get()),
          TIFFClose};
}

uint32_t number_of(TIFF* file, uint32_t tag, uint32_t fallback) {
  uint32_t value = 0;
  return TIFFGetField(file, tag, &value) == 1 ? value : fallback;
}

uint16_t short_of(TIFF* file, uint32_t tag) {
  uint16_t value = 0;
  return TIFFGetFieldDefaulted(file, tag, &value) == 1 ? value : uint16_t{0};
}

// Refuses what takes more memory or time than the pixels are worth. libtiff decodes whole tiles or
// strips, which may be larger than the image.
void require_modest(TIFF* file, const std::string& where, int64_t max_pixels) {
  constexpr std::array<uint16_t, 8> kCompressions{COMPRESSION_NONE,          COMPRESSION_LZW,
                                                  COMPRESSION_PACKBITS,      COMPRESSION_DEFLATE,
                                                  COMPRESSION_ADOBE_DEFLATE, COMPRESSION_CCITTRLE,
                                                  COMPRESSION_CCITTFAX3,     COMPRESSION_CCITTFAX4};
  const uint16_t compression = short_of(file, TIFFTAG_COMPRESSION);
  if (compression != COMPRESSION_JPEG &&
      std::find(kCompressions.begin(), kCompressions.end(), compression) == kCompressions.end()) {
    throw InputError(fmt::format(
        "{}: a TIFF image with compression {}; wanted none, LZW, Deflate, PackBits, JPEG or CCITT",
        where, compression));
  }
  constexpr uint64_t kPixelBytes = 8;  // four samples of 16 bits
  const uint64_t block = TIFFIsTiled(file) != 0 ? TIFFTileSize64(file) : TIFFStripSize64(file);
  if (block == 0 || block > kPixelBytes * static_cast<uint64_t>(max_pixels)) {
    throw InputError(fmt::format("{}: a TIFF image with {} of {} bytes; wanted 1 to {}", where,
                                 TIFFIsTiled(file) != 0 ? "tiles" : "strips", block,
                                 kPixelBytes * static_cast<uint64_t>(max_pixels)));
  }
}

}  // namespace

Image decode_tiff(std::string_view bytes, const std::string& where, int64_t max_pixels) {
  constexpr int64_t kTables = 1 << 20;
  TiffSource source{bytes};
  const auto failed = [&](const char* otherwise) {
    return damaged_image(where, "TIFF", source.error.empty() ? otherwise : source.error);
  };
  const TiffFile file = open_tiff(source, 8 * max_pixels + kTables);
  if (!file) throw failed("it has no readable page");
  const uint32_t width = number_of(file.get(), TIFFTAG_IMAGEWIDTH, 0);
  const uint32_t height = number_of(file.get(), TIFFTAG_IMAGELENGTH, 0);
  require_size(height, width, max_pixels, where);
  require_modest(file.get(), where, max_pixels);
  std::array<char, 1024> reason{};
  if (TIFFRGBAImageOK(file.get(), reason.data()) == 0) {
    throw InputError(
        fmt::format("{}: a TIFF image of an unknown kind: {}", where, excerpt(reason.data())));
  }
  const uint16_t photometric = short_of(file.get(), TIFFTAG_PHOTOMETRIC);
  const bool grey = photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE;
  const uint16_t orientation = short_of(file.get(), TIFFTAG_ORIENTATION);
  std::vector<uint32_t> raster(size_t{width} * height);
  // Asked for the orientation of the file, libtiff leaves the rows as they are: it would mirror,
  // but not turn.
  if (TIFFReadRGBAImageOriented(file.get(), width, height, raster.data(), orientation,
                                /*stop_on_error=*/1) == 0 ||
      !source.error.empty()) {
    throw failed("the data are damaged or truncated");
  }
  Image image = blank_image(grey ? 1 : 3, height, width);
  uint8_t* out = image.pixels.data();
  for (const uint32_t pixel : raster) {
    for (int64_t c = 0; c < image.channels; ++c) *out++ = static_cast<uint8_t>(pixel >> (8 * c));
  }
  image.more_frames = TIFFLastDirectory(file.get()) == 0;
  return oriented(std::move(image), orientation);
}

}  // namespace ncprune
