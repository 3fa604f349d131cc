#include "fuzz/target.h"
#include "ncprune/data/exif.h"
#include "ncprune/data/image.h"
#include "ncprune/data/image_geometry.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ncprune::fuzz(data, size, [](std::string_view bytes) {
    constexpr int64_t kMaxPixels = 1 << 16;
    const int orientation = ncprune::exif_orientation(bytes);
    ncprune::require(orientation >= 1 && orientation <= 8);
    const ncprune::Image image = ncprune::decode_image(bytes, "input", kMaxPixels);
    ncprune::require(image.channels == 1 || image.channels == 3);
    ncprune::require(image.height * image.width <= kMaxPixels);
    const auto pixels = static_cast<size_t>(image.height * image.width);
    ncprune::require(image.pixels.size() == pixels * static_cast<size_t>(image.channels));
    ncprune::require(ncprune::with_channels(image, 1).pixels.size() == pixels);
    const ncprune::Image upright = ncprune::oriented(image, orientation);
    ncprune::require(upright.pixels.size() == image.pixels.size());
    // Sizes that the file chooses: from 1 to 64 pixels.
    const auto side = [&](size_t at) { return 1 + (at < bytes.size() ? bytes[at] & 63 : 0); };
    const ncprune::ImageSize wanted{side(bytes.size() / 2), side(bytes.size() / 3)};
    for (const char* name : {"nearest", "bilinear", "bicubic"}) {
      const ncprune::Image resized =
          ncprune::resized(upright, wanted, *ncprune::interpolation_named(name));
      ncprune::require(resized.height == wanted.height && resized.width == wanted.width);
    }
    const ncprune::Image cropped = ncprune::centre_cropped(upright, wanted);
    ncprune::require(cropped.height == wanted.height && cropped.width == wanted.width);
  });
}
