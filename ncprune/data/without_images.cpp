// Takes the place of the image formats and of tar archives in a library built without them.
#include "ncprune/base/error.h"
#include "ncprune/data/image.h"
#include "ncprune/data/image_formats.h"
#include "ncprune/data/tar.h"

namespace ncprune {
namespace {

[[noreturn]] void refuse(const std::string& where) {
  throw InputError(where +
                   ": this library was built without image files and tar archives (the CMake "
                   "option NCPRUNE_IMAGES)");
}

}  // namespace

Image decode_jpeg(std::string_view /*bytes*/, const std::string& where, int64_t /*max_pixels*/) {
  refuse(where);
}

Image decode_png(std::string_view /*bytes*/, const std::string& where, int64_t /*max_pixels*/) {
  refuse(where);
}

Image decode_webp(std::string_view /*bytes*/, const std::string& where, int64_t /*max_pixels*/) {
  refuse(where);
}

Image decode_tiff(std::string_view /*bytes*/, const std::string& where, int64_t /*max_pixels*/) {
  refuse(where);
}

std::string encode_jpeg(const Image& /*image*/, int /*quality*/) {
  refuse("a JPEG file");
}

std::string encode_png(const Image& /*image*/) {
  refuse("a PNG file");
}

TarArchive index_tar(std::string_view /*bytes*/,
                     const std::function<bool(const std::string&)>& /*wanted*/,
                     const std::string& where, const TarLimits& /*limits*/) {
  refuse(where);
}

TarArchive index_tar(const RandomAccessFile& /*file*/,
                     const std::function<bool(const std::string&)>& /*wanted*/,
                     const TarLimits& /*limits*/) {
  refuse("a tar archive");
}

}  // namespace ncprune
