// Pictures that one thread reads in a processor second: a JPEG file of 500 x 375 pixels, decoded,
// turned upright, resized and cropped to 224 x 224, as images:DIR?preset=imagenet does. Writes the
// file to the path given, for benchmarks/images_pillow.py.
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "benchmarks/measure.h"
#include "ncprune/base/file.h"
#include "ncprune/data/exif.h"
#include "ncprune/data/image.h"
#include "ncprune/data/image_geometry.h"

namespace ncprune::benchmark {
namespace {

constexpr int kPictures = 100;

// Waves and a little noise: about 100 kB.
std::string picture() {
  Image image{3, 375, 500, {}};
  uint32_t noise = 1;
  for (int64_t i = 0; i < image.height * image.width; ++i) {
    const auto x = static_cast<double>(i % image.width);
    const auto y = static_cast<double>(i / image.width);
    for (int c = 0; c < 3; ++c) {
      noise = noise * 1664525 + 1013904223;
      const double wave = 110 + 80 * std::sin(x / 20 + c) + 30 * std::cos(y / 9 - c);
      image.pixels.push_back(static_cast<uint8_t>(wave + static_cast<double>(noise >> 27)));
    }
  }
  return encode_jpeg(image, 90);
}

void print_speed(const char* what, const std::string& jpeg, bool whole) {
  const double seconds = processor_seconds([&] {
    for (int i = 0; i < kPictures; ++i) {
      const Image image = oriented(decode_image(jpeg, "picture"), exif_orientation(jpeg));
      if (whole) {
        resized(image, {224, 224}, Interpolation::kBilinear);
      } else {
        const ImageSize size = size_of_shorter_side({image.height, image.width}, 256);
        centre_cropped(resized(image, size, Interpolation::kBilinear), {224, 224});
      }
    }
  });
  fmt::print("{}: {:.0f} pictures per second\n", what, kPictures / seconds);
}

}  // namespace
}  // namespace ncprune::benchmark

int main(int argc, char** argv) {
  using namespace ncprune::benchmark;
  const std::string jpeg = picture();
  if (argc > 1) ncprune::write_file(argv[1], jpeg);
  print_speed("resize=224x224", jpeg, true);
  print_speed("resize=256&crop=224", jpeg, false);
  return 0;
}
