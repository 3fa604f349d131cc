#include <gtest/gtest.h>

#include "ncprune/base/digest.h"
#include "ncprune/base/file.h"
#include "ncprune/data/exif.h"
#include "ncprune/data/image.h"
#include "ncprune/data/image_geometry.h"
#include "tests/golden.h"

namespace ncprune {
namespace {

constexpr const char* kFolder = NCPRUNE_SOURCE_DIR "/tests/data/images/";

Image decoded(const std::string& name, bool turned = true) {
  const std::string bytes = read_file(kFolder + name);
  const Image image = decode_image(bytes, name);
  return turned ? oriented(image, exif_orientation(bytes)) : image;
}

void expect_pixels(const Image& image, const Json& wanted, const std::string& what) {
  EXPECT_EQ(image.height, wanted["height"].get<int64_t>()) << what;
  EXPECT_EQ(image.width, wanted["width"].get<int64_t>()) << what;
  ASSERT_EQ(image.channels, wanted["channels"].get<int64_t>()) << what;
  const auto first = wanted["first"].get<std::vector<uint8_t>>();
  const std::vector<uint8_t> begin(
      image.pixels.begin(),
      image.pixels.begin() + static_cast<int64_t>(std::min(first.size(), image.pixels.size())));
  EXPECT_EQ(begin, first) << what;
  const std::string_view bytes(reinterpret_cast<const char*>(image.pixels.data()),
                               image.pixels.size());
  EXPECT_EQ(sha256(bytes).substr(0, 16), wanted["sha256"].get<std::string>()) << what;
}

TEST(ImageGolden, EveryFormatAndOrientationIsWhatPillowReads) {
  const Json wanted = golden("images");
  EXPECT_GE(wanted["files"].size(), 29U);
  for (const auto& [name, pixels] : wanted["files"].items()) {
    expect_pixels(decoded(name), pixels, name);
  }
  for (const auto& [name, pixels] : wanted["stored"].items()) {
    expect_pixels(decoded(name, /*turned=*/false), pixels, name);
  }
}

TEST(ImageGolden, ResizeAndCentreCropAreThoseOfTorchvisionToTheByte) {
  const Json wanted = golden("images");
  EXPECT_GE(wanted["geometry"].size(), 60U);
  for (const Json& one : wanted["geometry"]) {
    Image image = decoded(one["file"]);
    const auto resize = one["resize"].get<std::vector<int64_t>>();
    const auto crop = one["crop"].get<std::vector<int64_t>>();
    if (!resize.empty()) {
      const ImageSize size = resize.size() == 2
                                 ? ImageSize{resize[0], resize[1]}
                                 : size_of_shorter_side({image.height, image.width}, resize[0]);
      image = resized(image, size, *interpolation_named(one["interpolation"].get<std::string>()));
    }
    if (!crop.empty()) image = centre_cropped(image, {crop[0], crop[1]});
    expect_pixels(image, one, one.dump());
  }
}

TEST(ImageGolden, SaysThatThereAreMorePagesOrFrames) {
  EXPECT_TRUE(decoded("pages.tif").more_frames);
  EXPECT_TRUE(decoded("frames.webp").more_frames);
  EXPECT_FALSE(decoded("lzw.tif").more_frames);
  EXPECT_FALSE(decoded("lossless.webp").more_frames);
}

}  // namespace
}  // namespace ncprune
