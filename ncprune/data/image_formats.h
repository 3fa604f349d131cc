#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ncprune/base/error.h"
#include "ncprune/data/image.h"

namespace ncprune {

// The formats behind decode_image(), a source each. A decoder gets a whole file, `bytes`, that
// messages call `where`. It throws InputError on a damaged or truncated file, and, before it
// decodes anything, on an image of more than `max_pixels`.
Image decode_jpeg(std::string_view bytes, const std::string& where, int64_t max_pixels);
Image decode_png(std::string_view bytes, const std::string& where, int64_t max_pixels);
Image decode_webp(std::string_view bytes, const std::string& where, int64_t max_pixels);
Image decode_bmp(std::string_view bytes, const std::string& where, int64_t max_pixels);
Image decode_tiff(std::string_view bytes, const std::string& where, int64_t max_pixels);

// The error for a file of `format` that cannot be decoded for this reason.
InputError damaged_image(const std::string& where, const char* format, std::string_view reason);

// An image without pixel values yet.
Image blank_image(int64_t channels, int64_t height, int64_t width);

// Throws InputError unless the image has 1 to `max_pixels` pixels.
void require_size(int64_t height, int64_t width, int64_t max_pixels, const std::string& where);

}  // namespace ncprune
