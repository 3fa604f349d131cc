#include "fuzz/target.h"
#include "ncprune/data/image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ncprune::fuzz(data, size, [](std::string_view bytes) {
    constexpr int64_t kMaxPixels = 1 << 16;
    const ncprune::Image image = ncprune::decode_image(bytes, "input", kMaxPixels);
    ncprune::require(image.channels == 1 || image.channels == 3);
    ncprune::require(image.height * image.width <= kMaxPixels);
    const auto pixels = static_cast<size_t>(image.height * image.width);
    ncprune::require(image.pixels.size() == pixels * static_cast<size_t>(image.channels));
    ncprune::require(ncprune::with_channels(image, 1).pixels.size() == pixels);
  });
}
