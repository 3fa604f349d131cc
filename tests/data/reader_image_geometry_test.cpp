#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "ncprune/data/exif.h"
#include "ncprune/data/image_geometry.h"
#include "tests/data/image_bytes.h"

namespace ncprune {
namespace {

// EXIF data with this orientation, for a JPEG file.
std::string exif_data(int orientation, bool big_endian) {
  const auto put = [&](uint64_t value, size_t size) {
    std::string bytes = little_endian(value, size);
    if (big_endian) std::reverse(bytes.begin(), bytes.end());
    return bytes;
  };
  return std::string("Exif\0\0", 6) + (big_endian ? "MM" : "II") + put(42, 2) + put(8, 4) +
         put(2, 2) + put(0x0110, 2) + put(2, 2) + put(4, 4) + put(0, 4) + put(0x0112, 2) +
         put(3, 2) + put(1, 4) + put(static_cast<uint64_t>(orientation), 2) + put(0, 2);
}

std::string jpeg_with(const std::string& exif) {
  const std::string jpeg = jpeg_bytes(pattern(3, 2, 2));
  const size_t size = exif.size() + 2;
  return jpeg.substr(0, 2) + "\xFF\xE1" + static_cast<char>(size >> 8) + static_cast<char>(size) +
         exif + jpeg.substr(2);
}

TEST(Exif, FindsTheOrientationInEitherByteOrder) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool big_endian : {false, true}) {
      const std::string bytes = jpeg_with(exif_data(orientation, big_endian));
      EXPECT_EQ(exif_orientation(bytes), orientation);
      EXPECT_EQ(decode_image(bytes, "x").height, 2);
    }
  }
}

TEST(Exif, AnUnreadableOneIsUpright) {
  EXPECT_EQ(exif_orientation(jpeg_bytes(pattern(3, 2, 2))), 1);
  EXPECT_EQ(exif_orientation(""), 1);
  EXPECT_EQ(exif_orientation("GIF89a"), 1);
  EXPECT_EQ(exif_orientation(jpeg_with(exif_data(9, true))), 1);
  const std::string whole = jpeg_with(exif_data(6, true));
  for (size_t size = 0; size < whole.size(); ++size) {
    const int found = exif_orientation(whole.substr(0, size));
    EXPECT_TRUE(found == 1 || found == 6) << size;
  }
  std::string far = whole;
  far[2 + 4 + 6 + 4] = '\x7F';  // the directory lies beyond the end
  EXPECT_EQ(exif_orientation(far), 1);
}

// Numbers of a picture of two rows: 1 2 3 / 4 5 6.
TEST(Geometry, TurnsAndMirrorsAsExifSays) {
  const Image image{1, 2, 3, {1, 2, 3, 4, 5, 6}};
  const std::array<std::vector<uint8_t>, 8> wanted{{{1, 2, 3, 4, 5, 6},
                                                    {3, 2, 1, 6, 5, 4},
                                                    {6, 5, 4, 3, 2, 1},
                                                    {4, 5, 6, 1, 2, 3},
                                                    {1, 4, 2, 5, 3, 6},
                                                    {4, 1, 5, 2, 6, 3},
                                                    {6, 3, 5, 2, 4, 1},
                                                    {3, 6, 2, 5, 1, 4}}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image turned = oriented(image, orientation);
    EXPECT_EQ(turned.pixels, wanted[static_cast<size_t>(orientation) - 1]) << orientation;
    EXPECT_EQ(turned.height, orientation >= 5 ? 3 : 2);
  }
}

TEST(Geometry, CropsTheCentreAndPadsWithBlack) {
  const Image image{1, 1, 4, {1, 2, 3, 4}};
  EXPECT_EQ(centre_cropped(image, {1, 2}).pixels, (std::vector<uint8_t>{2, 3}));
  EXPECT_EQ(centre_cropped(image, {1, 3}).pixels, (std::vector<uint8_t>{1, 2, 3}));
  EXPECT_EQ(centre_cropped(image, {1, 1}).pixels, (std::vector<uint8_t>{3}));  // 1.5 becomes 2
  EXPECT_EQ(centre_cropped(image, {2, 7}).pixels,
            (std::vector<uint8_t>{0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace ncprune
