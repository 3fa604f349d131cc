#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>

#include "tests/data/image_bytes.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

std::string error_of(const std::string& bytes, int64_t max_pixels = kMaxImagePixels) {
  return input_error([&] { decode_image(bytes, "x.png", max_pixels); });
}

TEST(ImageReader, ReadsPngToTheByte) {
  for (const int64_t channels : {1, 3}) {
    for (const auto& [height, width] : {std::pair{1, 1}, std::pair{3, 5}, std::pair{4, 1}}) {
      const Image wanted = pattern(channels, height, width, 3);
      const Image image = decode_image(png_bytes(wanted), "x.png");
      EXPECT_EQ(image.channels, channels);
      EXPECT_EQ(image.height, height);
      EXPECT_EQ(image.width, width);
      EXPECT_EQ(image.pixels, wanted.pixels);
    }
  }
}

TEST(ImageReader, ReadsJpegAsNearAsItsQualityAllows) {
  for (const int64_t channels : {1, 3}) {
    Image wanted{channels, 9, 17, {}};
    for (int64_t i = 0; i < 9 * 17 * channels; ++i) {
      wanted.pixels.push_back(static_cast<uint8_t>(i / channels));
    }
    const Image image = decode_image(jpeg_bytes(wanted), "x.jpg");
    ASSERT_EQ(image.channels, channels);
    ASSERT_EQ(image.height, 9);
    ASSERT_EQ(image.width, 17);
    for (size_t i = 0; i < wanted.pixels.size(); ++i) {
      EXPECT_NEAR(image.pixels[i], wanted.pixels[i], 3) << i;
    }
  }
}

TEST(ImageReader, TurnsSixteenBitsIntoEight) {
  // A file of 16 bits as cameras of laboratories write it: no gamma is said.
  const Image halves{1, 1, 2, {0x80, 0x80, 0x40, 0x40}};
  std::string bytes(1 << 12, '\0');
  struct Target {
    std::string* bytes;
    size_t size;
  } target{&bytes, 0};
  png_structp writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(writer);
  png_set_write_fn(
      writer, &target,
      [](png_structp w, png_bytep data, size_t count) {
        auto* to = static_cast<Target*>(png_get_io_ptr(w));
        std::copy_n(data, count, to->bytes->begin() + static_cast<int64_t>(to->size));
        to->size += count;
      },
      [](png_structp) {});
  png_set_IHDR(writer, info, 2, 1, 16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer, info);
  png_write_row(writer, halves.pixels.data());
  png_write_end(writer, info);
  png_destroy_write_struct(&writer, &info);
  bytes.resize(target.size);
  EXPECT_EQ(decode_image(bytes, "x.png").pixels, (std::vector<uint8_t>{0x80, 0x40}));
}

TEST(ImageReader, LaysTransparentPixelsOverBlack) {
  const Image rgba{4, 1, 2, {200, 100, 50, 255, 200, 100, 50, 0}};
  EXPECT_EQ(decode_image(png_bytes(rgba, PNG_FORMAT_RGBA), "x.png").pixels,
            (std::vector<uint8_t>{200, 100, 50, 0, 0, 0}));
}

TEST(ImageReader, RefusesEveryShortenedFile) {
  for (const std::string& whole : {png_bytes(pattern(3, 4, 4)), jpeg_bytes(pattern(3, 16, 16))}) {
    // The last two bytes of a JPEG, and the last chunk of a PNG, say only that this is the end.
    for (size_t size = 0; size + 14 < whole.size(); ++size) {
      EXPECT_NE(error_of(whole.substr(0, size)), "") << size;
    }
  }
  EXPECT_EQ(error_of("GIF89a"), "x.png: not a JPEG, PNG, WebP, BMP or TIFF image");
  EXPECT_EQ(error_of(""), "x.png: not a JPEG, PNG, WebP, BMP or TIFF image");
}

TEST(ImageReader, RefusesAChunkOfMetadataThatIsLongerThanTheFile) {
  std::string bytes = png_bytes(pattern(3, 2, 2));
  const std::string chunk = "\x5D" + std::string(2, '\0') + "\x1A" + "eXIf" + "MM";
  bytes.insert(33, chunk);  // after the header
  EXPECT_EQ(error_of(bytes), "x.png: damaged PNG image: a chunk is longer than the file");
}

TEST(ImageReader, SaysThatAJpegIsCutShort) {
  const std::string whole = jpeg_bytes(pattern(3, 32, 32));
  EXPECT_EQ(error_of(whole.substr(0, whole.size() - 100)),
            "x.png: damaged JPEG image: Premature end of JPEG file");
}

TEST(ImageReader, RefusesAHugeImageByItsHeader) {
  std::string bomb = png_bytes(pattern(1, 1, 1));
  const auto put = [&](size_t at, uint64_t value) {
    for (size_t k = 0; k < 4; ++k) bomb[at + k] = static_cast<char>(value >> (24 - 8 * k));
  };
  put(16, 60000);
  put(20, 60000);
  put(29, crc32(0, reinterpret_cast<const unsigned char*>(&bomb[12]), 17));
  EXPECT_EQ(error_of(bomb),
            "x.png: an image of 60000 x 60000 pixels; wanted 1 to 33554432 in total");
  EXPECT_EQ(error_of(jpeg_bytes(pattern(1, 5, 5)), 24),
            "x.png: an image of 5 x 5 pixels; wanted 1 to 24 in total");
  EXPECT_EQ(decode_image(jpeg_bytes(pattern(1, 5, 5)), "x.jpg", 25).height, 5);
}

TEST(ImageReader, ConvertsBetweenGreyAndColour) {
  const Image colour{3, 1, 2, {255, 0, 0, 10, 20, 200}};
  EXPECT_EQ(with_channels(colour, 1).pixels, (std::vector<uint8_t>{76, 38}));
  EXPECT_EQ(with_channels(colour, 3).pixels, colour.pixels);
  const Image grey{1, 2, 1, {0, 9}};
  EXPECT_EQ(with_channels(grey, 3).pixels, (std::vector<uint8_t>{0, 0, 0, 9, 9, 9}));
}

TEST(ImageReader, KnowsImagesByTheirNames) {
  for (const char* name : {"a.jpg", "a.JPG", "b/c.jpeg", "x.Png", ".png", "a.jfif", "a.webp",
                           "a.BMP", "a.tif", "a.Tiff"}) {
    EXPECT_TRUE(is_image_name(name)) << name;
  }
  for (const char* name : {"", "jpg", "a.jpg.txt", "a.gif", "png"}) {
    EXPECT_FALSE(is_image_name(name)) << name;
  }
  EXPECT_EQ(unread_image_ending("a/b.HEIC"), ".heic");
  EXPECT_EQ(unread_image_ending("a.gif"), ".gif");
  EXPECT_EQ(unread_image_ending("a.png"), "");
}

}  // namespace
}  // namespace ncprune
