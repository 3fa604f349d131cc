#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "ncprune/data/npy.h"
#include "tests/data/input_error.h"
#include "tests/data/zip_bytes.h"

namespace ncprune {
namespace {

using namespace std::string_literals;

std::string error_of(const std::string& bytes) {
  return input_error([&] { parse_npy(bytes, "f"); });
}

std::vector<float> floats(const std::string& descr, const std::string& shape,
                          const std::string& data) {
  return to_floats(parse_npy(npy_bytes(descr, shape, data), "f"));
}

TEST(NpyReader, ReadsEveryKindOfNumber) {
  EXPECT_EQ(floats("|b1", "(2,)", "\0\x01"s), (std::vector<float>{0, 1}));
  EXPECT_EQ(floats("|u1", "(2,)", "\x01\xff"), (std::vector<float>{1, 255}));
  EXPECT_EQ(floats("|i1", "(1,)", "\xff"), std::vector<float>{-1});
  for (const int size : {2, 4, 8}) {
    const std::string digit = std::to_string(size);
    EXPECT_EQ(floats("<i" + digit, "(1,)", little_endian(~uint64_t{0}, size)),
              std::vector<float>{-1});
    EXPECT_EQ(floats("<u" + digit, "(1,)", little_endian(7, size)), std::vector<float>{7});
  }
  EXPECT_EQ(floats("<f4", "(1,)", little_endian(std::bit_cast<uint32_t>(2.5F), 4)),
            std::vector<float>{2.5});
  EXPECT_EQ(floats("<f8", "(1,)", little_endian(std::bit_cast<uint64_t>(-0.1), 8)),
            std::vector<float>{-0.1F});
}

TEST(NpyReader, ReadsHalfPrecision) {
  const std::string data = little_endian(0x3C00, 2) + little_endian(0xC000, 2) +
                           little_endian(0x0001, 2) + little_endian(0x7BFF, 2) +
                           little_endian(0x7C00, 2) + little_endian(0x7E00, 2);
  const std::vector<float> values = floats("<f2", "(6,)", data);
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], -2);
  EXPECT_EQ(values[2], std::ldexp(1.0F, -24));
  EXPECT_EQ(values[3], 65504);
  EXPECT_EQ(values[4], INFINITY);
  EXPECT_TRUE(std::isnan(values[5]));
}

TEST(NpyReader, PutsOtherOrdersRight) {
  EXPECT_EQ(floats(">i2", "(2,)", "\x01\x02\x00\x05"s), (std::vector<float>{258, 5}));
  // a[i][j][k] = 100 i + 10 j + k over [2, 3, 2], the first index the fastest.
  std::string data;
  for (int k = 0; k < 2; ++k) {
    for (int j = 0; j < 3; ++j) {
      for (int i = 0; i < 2; ++i) data += static_cast<char>(100 * i + 10 * j + k);
    }
  }
  const NpyArray array = parse_npy(npy_bytes("|u1", "(2, 3, 2)", data, true), "f");
  EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 3, 2}));
  EXPECT_EQ(to_integers(array, "f"),
            (std::vector<int64_t>{0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121}));
}

TEST(NpyReader, ReadsAScalarAndVersion2) {
  EXPECT_TRUE(parse_npy(npy_bytes("|u1", "()", "x"), "f").shape.empty());
  const std::string header = "{\"shape\":(1,),\"descr\":\"|u1\",\"fortran_order\":True}";
  const NpyArray array =
      parse_npy("\x93NUMPY\x02"s + '\0' + little_endian(header.size(), 4) + header + "x", "f");
  EXPECT_EQ(array.data, "x");
}

TEST(NpyReader, RefusesWhatIsNoArrayOfNumbers) {
  EXPECT_EQ(error_of("PK"), "f: byte 0: not a NumPy array");
  EXPECT_NE(error_of(npy_bytes("|O", "(1,)", "x")).find("type '|O'; wanted booleans, integers"),
            std::string::npos);
  for (const char* descr : {"<U5", "<c8", "f", "", "<f16", "<<f4", "<f3"}) {
    EXPECT_NE(error_of(npy_bytes(descr, "(1,)", "x")).find("wanted booleans"), std::string::npos)
        << descr;
  }
}

TEST(NpyReader, RefusesADamagedHeader) {
  EXPECT_NE(error_of("\x93NUMPY\x09\0\x02\0{}"s).find("byte 6: format version 9"),
            std::string::npos);
  EXPECT_NE(
      error_of("\x93NUMPY\x01\0\xff\xff{}"s).find("declares a header of 65535 bytes, holds 2"),
      std::string::npos);
  EXPECT_NE(error_of("\x93NUMPY\x02\0\xff\xff\xff\xff{}"s).find("declares a header of 4294967295"),
            std::string::npos);
  for (const char* header :
       {"{}", "", "{'descr'", "{'descr': '<f4", "{'x': 1}", "{'shape': (1 2)}", "{'shape': (-1,)}",
        "{'shape': (99999999999999999999,)}", "{'fortran_order': Maybe}",
        "{'descr': [('a', '<f4')]}", "{'shape': (0,)}", "{'shape': (1,1,1,1,1,1,1,1,1)}"}) {
    const std::string bytes =
        "\x93NUMPY\x01"s + '\0' + little_endian(std::string(header).size(), 2) + header;
    EXPECT_NE((error_of(bytes + std::string(12, ' '))).find("damaged header: wanted"),
              std::string::npos)
        << header;
  }
}

TEST(NpyReader, ComparesTheDeclaredSizeWithWhatIsThere) {
  EXPECT_EQ(error_of(npy_bytes("<f4", "(3,)", "12345678")),
            "f: truncated: declares [3] elements of 4 bytes, holds 8 bytes");
  EXPECT_NE(
      error_of(npy_bytes("|u1", "(2,)", "123")).find("3 bytes of elements; [2] of type u1 take 2"),
      std::string::npos);
  EXPECT_NE(error_of(npy_bytes("|u1", "(4611686018427387904, 4611686018427387904)", "x"))
                .find("truncated"),
            std::string::npos);
}

TEST(NpyReader, WantsWholeNumbersForIntegers) {
  const auto integers_of = [](double value) {
    const std::string data = little_endian(std::bit_cast<uint64_t>(value), 8);
    return to_integers(parse_npy(npy_bytes("<f8", "(1,)", data), "f"), "f");
  };
  EXPECT_EQ(integers_of(3), std::vector<int64_t>{3});
  EXPECT_EQ(input_error([&] { integers_of(0.5); }), "f: element 0 is 0.5; wanted a whole number");
  for (const double bad : {1e300, double{INFINITY}, std::nan("")}) {
    EXPECT_NE(input_error([&] { integers_of(bad); }).find("wanted a whole number"),
              std::string::npos);
  }
  EXPECT_NE(input_error([&] {
              to_integers(parse_npy(npy_bytes("<u8", "(1,)", little_endian(~uint64_t{0}, 8)), "f"),
                          "f");
            }).find("wanted a whole number"),
            std::string::npos);
}

}  // namespace
}  // namespace ncprune
