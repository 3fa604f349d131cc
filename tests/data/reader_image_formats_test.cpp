#include <fmt/format.h>
#include <gtest/gtest.h>
#include <tiffio.h>
#include <turbojpeg.h>
#include <webp/encode.h>

#include <array>

#include "tests/data/image_bytes.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

std::string error_of(const std::string& bytes, int64_t max_pixels = kMaxImagePixels) {
  return input_error([&] { decode_image(bytes, "x", max_pixels); });
}

struct Bmp {
  int32_t width = 0;
  int32_t height = 0;
  uint16_t bits = 24;
  uint32_t compression = 0;
  uint32_t colours = 0;
  uint32_t header = 40;
  std::string after_header = {};  // masks or palette
};

std::string bmp_bytes(const Bmp& bmp, const std::string& pixels) {
  std::string header = little_endian(bmp.header, 4);
  if (bmp.header == 12) {
    header += little_endian(static_cast<uint64_t>(bmp.width), 2) +
              little_endian(static_cast<uint64_t>(bmp.height), 2) + little_endian(1, 2) +
              little_endian(bmp.bits, 2);
  } else {
    header += little_endian(static_cast<uint32_t>(bmp.width), 4) +
              little_endian(static_cast<uint32_t>(bmp.height), 4) + little_endian(1, 2) +
              little_endian(bmp.bits, 2) + little_endian(bmp.compression, 4) +
              little_endian(0, 12) + little_endian(bmp.colours, 4) + little_endian(0, 4);
  }
  header += bmp.after_header;
  return "BM" + little_endian(0, 8) + little_endian(14 + header.size(), 4) + header + pixels;
}

TEST(BmpReader, ReadsRowsFromBelowOrAbove) {
  const std::string blue_red = std::string("\xFF\0\0\0\0\xFF", 6) + little_endian(0, 2);
  const std::string green_white = std::string("\0\xFF\0\xFF\xFF\xFF", 6) + little_endian(0, 2);
  const std::vector<uint8_t> wanted{0, 255, 0, 255, 255, 255, 0, 0, 255, 255, 0, 0};
  EXPECT_EQ(decode_image(bmp_bytes({2, 2}, blue_red + green_white), "x").pixels, wanted);
  EXPECT_EQ(decode_image(bmp_bytes({2, -2}, green_white + blue_red), "x").pixels, wanted);
  EXPECT_EQ(
      decode_image(bmp_bytes({.width = 2, .height = 2, .header = 12}, blue_red + green_white), "x")
          .pixels,
      wanted);
}

TEST(BmpReader, ReadsPalettesOfEveryWidth) {
  const std::string red_blue = std::string("\0\0\xFF\0\xFF\0\0\0", 8);
  const std::vector<uint8_t> wanted{0, 0, 255, 255, 0, 0, 0, 0, 255};
  const auto pixels = [&](uint16_t bits, const std::string& row) {
    return decode_image(
               bmp_bytes(
                   {.width = 3, .height = 1, .bits = bits, .colours = 2, .after_header = red_blue},
                   row),
               "x")
        .pixels;
  };
  EXPECT_EQ(pixels(1, std::string("\xA0\0\0\0", 4)), wanted);
  EXPECT_EQ(pixels(4, std::string("\x10\x10\0\0", 4)), wanted);
  EXPECT_EQ(pixels(8, std::string("\1\0\1\0", 4)), wanted);
  const Image grey = decode_image(bmp_bytes({.width = 1,
                                             .height = 1,
                                             .bits = 8,
                                             .colours = 1,
                                             .after_header = "\7\7\7" + little_endian(0, 1)},
                                            little_endian(0, 4)),
                                  "x");
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, std::vector<uint8_t>{7});
}

TEST(BmpReader, ReadsColoursUnderMasks) {
  EXPECT_EQ(decode_image(bmp_bytes({.width = 2, .height = 1, .bits = 16},
                                   little_endian(0x7C1F, 2) + little_endian(0x03E0, 2)),
                         "x")
                .pixels,
            (std::vector<uint8_t>{255, 0, 255, 0, 255, 0}));
  const std::string masks =
      little_endian(0xF800, 4) + little_endian(0x7E0, 4) + little_endian(0x1F, 4);
  EXPECT_EQ(
      decode_image(
          bmp_bytes({.width = 1, .height = 1, .bits = 16, .compression = 3, .after_header = masks},
                    little_endian(0x8410, 4)),
          "x")
          .pixels,
      (std::vector<uint8_t>{16 * 255 / 31, 32 * 255 / 63, 16 * 255 / 31}));
  EXPECT_EQ(decode_image(
                bmp_bytes({.width = 1, .height = 1, .bits = 32}, little_endian(0x00112233, 4)), "x")
                .pixels,
            (std::vector<uint8_t>{0x11, 0x22, 0x33}));
}

TEST(BmpReader, RefusesWhatItDoesNotKnow) {
  const Bmp small{.width = 1, .height = 1};
  EXPECT_EQ(error_of(bmp_bytes({.width = 1, .height = 1, .header = 41}, little_endian(0, 4))),
            "x: damaged BMP image: a header of 41 bytes");
  EXPECT_EQ(error_of(bmp_bytes({.width = 9, .height = 9, .bits = 8, .compression = 1},
                               little_endian(0, 40))),
            "x: a BMP image with compression 1; wanted one without compression");
  EXPECT_EQ(error_of(bmp_bytes({.width = 1, .height = 1, .bits = 7}, little_endian(0, 4))),
            "x: damaged BMP image: pixels of 7 bits");
  EXPECT_EQ(error_of(bmp_bytes({.width = 1, .height = 1, .bits = 8, .colours = 257},
                               little_endian(0, 4))),
            "x: damaged BMP image: more colours than a pixel can name");
  EXPECT_EQ(error_of(bmp_bytes({.width = 1,
                                .height = 1,
                                .bits = 32,
                                .compression = 3,
                                .after_header = little_endian(5, 12)},
                               little_endian(0, 4))),
            "x: damaged BMP image: a colour has no consecutive bits");
  EXPECT_EQ(error_of(bmp_bytes({.width = 60000, .height = 60000}, "")),
            "x: an image of 60000 x 60000 pixels; wanted 1 to 33554432 in total");
  EXPECT_NE(error_of(bmp_bytes({.width = 1, .height = std::numeric_limits<int32_t>::min()}, ""))
                .find("pixels"),
            std::string::npos);
  EXPECT_NE(error_of(bmp_bytes({.width = -1, .height = 1}, "")).find("pixels"), std::string::npos);
  const std::string whole = bmp_bytes(small, little_endian(0, 4));
  for (size_t size = 2; size < whole.size(); ++size) {
    EXPECT_EQ(error_of(whole.substr(0, size)), "x: damaged BMP image: the file is truncated");
  }
}

std::string webp_bytes(const Image& image) {
  uint8_t* data = nullptr;
  const size_t size =
      image.channels == 4
          ? WebPEncodeLosslessRGBA(image.pixels.data(), static_cast<int>(image.width),
                                   static_cast<int>(image.height),
                                   static_cast<int>(4 * image.width), &data)
          : WebPEncodeLosslessRGB(image.pixels.data(), static_cast<int>(image.width),
                                  static_cast<int>(image.height), static_cast<int>(3 * image.width),
                                  &data);
  std::string bytes(reinterpret_cast<const char*>(data), size);
  WebPFree(data);
  return bytes;
}

TEST(WebpReader, ReadsLosslessFilesToTheByte) {
  const Image wanted = pattern(3, 5, 7);
  EXPECT_EQ(decode_image(webp_bytes(wanted), "x").pixels, wanted.pixels);
  const Image rgba{4, 1, 3, {200, 100, 50, 255, 200, 100, 50, 0, 200, 100, 50, 51}};
  EXPECT_EQ(decode_image(webp_bytes(rgba), "x").pixels,
            (std::vector<uint8_t>{200, 100, 50, 0, 0, 0, 40, 20, 10}));
}

TEST(WebpReader, RefusesShortenedAndLargeFiles) {
  const std::string whole = webp_bytes(pattern(3, 16, 16));
  for (size_t size = 4; size + 1 < whole.size(); ++size) {
    EXPECT_NE(error_of(whole.substr(0, size)), "") << size;
  }
  EXPECT_EQ(error_of(whole, 255), "x: an image of 16 x 16 pixels; wanted 1 to 255 in total");
  EXPECT_NE(error_of("RIFF....WAVE").find("damaged WebP image"), std::string::npos);
}

// A TIFF file with these entries of its directory, in ascending order: tag, type, count, value.
using TiffEntry = std::array<uint64_t, 4>;

std::string tiff_bytes(const std::vector<TiffEntry>& entries, const std::string& pixels) {
  std::string bytes = "II*" + little_endian(0, 1) + little_endian(8 + pixels.size(), 4) + pixels;
  bytes += little_endian(entries.size(), 2);
  for (const auto& [tag, type, count, value] : entries) {
    bytes += little_endian(tag, 2) + little_endian(type, 2) + little_endian(count, 4) +
             little_endian(value, 4);
  }
  return bytes + little_endian(0, 4);
}

std::vector<TiffEntry> grey_entries(uint64_t width, uint64_t height, uint64_t pixels) {
  return {{256, 4, 1, width}, {257, 4, 1, height}, {258, 3, 1, 8},
          {259, 3, 1, 1},     {262, 3, 1, 1},      {273, 4, 1, 8},
          {277, 3, 1, 1},     {278, 4, 1, height}, {279, 4, 1, pixels}};
}

TEST(TiffReader, ReadsAndTurnsGreyFiles) {
  std::vector<TiffEntry> entries = grey_entries(3, 2, 6);
  const Image image = decode_image(tiff_bytes(entries, "\1\2\3\4\5\6"), "x");
  EXPECT_EQ(image.channels, 1);
  EXPECT_EQ(image.pixels, (std::vector<uint8_t>{1, 2, 3, 4, 5, 6}));
  entries.insert(entries.begin() + 6, {274, 3, 1, 6});
  const Image turned = decode_image(tiff_bytes(entries, "\1\2\3\4\5\6"), "x");
  EXPECT_EQ(turned.height, 3);
  EXPECT_EQ(turned.pixels, (std::vector<uint8_t>{4, 1, 5, 2, 6, 3}));
}

TEST(TiffReader, RefusesWhatTakesMoreThanItIsWorth) {
  EXPECT_EQ(error_of(tiff_bytes(grey_entries(60000, 60000, 4), "abcd")),
            "x: an image of 60000 x 60000 pixels; wanted 1 to 33554432 in total");
  std::vector<TiffEntry> tiled = grey_entries(2, 2, 4);
  tiled.erase(tiled.begin() + 5, tiled.end());
  tiled.insert(
      tiled.end(),
      {{277, 3, 1, 1}, {322, 4, 1, 1 << 16}, {323, 4, 1, 1 << 16}, {324, 4, 1, 8}, {325, 4, 1, 4}});
  EXPECT_EQ(error_of(tiff_bytes(tiled, "abcd")),
            "x: a TIFF image with tiles of 4294967296 bytes; wanted 1 to 268435456");
  std::vector<TiffEntry> odd = grey_entries(2, 2, 4);
  odd[3][3] = 34661;  // JBIG
  EXPECT_EQ(
      error_of(tiff_bytes(odd, "abcd")),
      "x: a TIFF image with compression 34661; wanted none, LZW, Deflate, PackBits, JPEG or CCITT");
}

TEST(TiffReader, RefusesShortenedFiles) {
  // The directory first, so that a shortened file lacks pixels.
  std::vector<TiffEntry> entries = grey_entries(9, 9, 81);
  const size_t directory = 8 + 2 + 12 * entries.size() + 4;
  entries[5][3] = directory;
  std::string bytes = "II*" + little_endian(0, 1) + little_endian(8, 4);
  bytes += tiff_bytes(entries, "").substr(8) + std::string(81, 'a');
  EXPECT_EQ(decode_image(bytes, "x").pixels, std::vector<uint8_t>(81, 'a'));
  for (size_t size = 4; size < bytes.size(); ++size) {
    EXPECT_NE(error_of(bytes.substr(0, size)), "") << size;
  }
}

TEST(JpegReader, ReadsFourColoursAsPillowDoes) {
  // Half black everywhere; cyan, magenta and yellow ink where red, green and blue are 0.
  std::vector<uint8_t> inverted;
  for (int i = 0; i < 64; ++i) inverted.insert(inverted.end(), {0, 128, 255, 128});
  const tjhandle encoder = tjInitCompress();
  unsigned char* data = nullptr;
  unsigned long size = 0;
  ASSERT_EQ(tjCompress2(encoder, inverted.data(), 8, 0, 8, TJPF_CMYK, &data, &size, TJSAMP_444, 100,
                        TJFLAG_ACCURATEDCT),
            0);
  const Image image = decode_image({reinterpret_cast<const char*>(data), size}, "x");
  tjFree(data);
  tjDestroy(encoder);
  EXPECT_EQ(image.channels, 3);
  const std::array<int, 3> wanted{0, 64, 128};
  for (size_t i = 0; i < image.pixels.size(); ++i) EXPECT_NEAR(image.pixels[i], wanted[i % 3], 2);
}

}  // namespace
}  // namespace ncprune
