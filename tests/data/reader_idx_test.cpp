#include <gtest/gtest.h>

#include "ncprune/data/idx.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

using namespace std::string_literals;

std::string error_of(const std::string& bytes) {
  return input_error([&] { parse_idx(bytes, "f"); });
}

TEST(IdxReader, ReadsShapeAndValues) {
  const IdxArray array =
      parse_idx("\0\0\x08\x02\0\0\0\x02\0\0\0\x03\x01\x02\x03\x04\x05\xff"s, "f");
  EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(array.values, (std::vector<uint8_t>{1, 2, 3, 4, 5, 255}));
}

TEST(IdxReader, RefusesWhatIsNoIdx) {
  for (const std::string& bytes : {""s, "\0\0\x08"s, "PK\x03\x04"s}) {
    EXPECT_NE(error_of(bytes).find("f: byte 0: not an IDX file"), std::string::npos);
  }
}

TEST(IdxReader, NamesAnElementTypeItDoesNotRead) {
  EXPECT_EQ(error_of("\0\0\x0D\x01\0\0\0\x01\0\0\0\0"s),
            "f: byte 2: element type 0x0d (32-bit float); only 0x08 (unsigned byte) is read");
  EXPECT_NE(error_of("\0\0\x07\x01"s).find("0x07 (unknown)"), std::string::npos);
}

TEST(IdxReader, RefusesBadDimensions) {
  EXPECT_EQ(error_of("\0\0\x08\0"s), "f: byte 3: 0 dimensions; wanted 1 to 4");
  EXPECT_EQ(error_of("\0\0\x08\x05"s), "f: byte 3: 5 dimensions; wanted 1 to 4");
  EXPECT_EQ(error_of("\0\0\x08\x02\0\0\0\x01\0\0\0\0"s), "f: byte 8: dimension 1 is 0");
}

TEST(IdxReader, RefusesAFileCutShort) {
  EXPECT_EQ(error_of("\0\0\x08\x02\0\0\0\x01\0"s),
            "f: byte 9: truncated; a header of 2 dimensions has 12 bytes");
  EXPECT_EQ(error_of("\0\0\x08\x01\0\0\0\x03\x01\x02"s),
            "f: truncated: declares [3] values of one byte, holds 2 bytes");
}

TEST(IdxReader, RefusesDimensionsWhoseProductOverflows) {
  std::string bytes = "\0\0\x08\x04"s;
  for (int i = 0; i < 4; ++i) bytes += "\xff\xff\xff\xff";
  EXPECT_NE(error_of(bytes + "x").find("truncated"), std::string::npos);
  EXPECT_NE(error_of("\0\0\x08\x02\x80\0\0\0\x80\0\0\0"s).find("truncated"), std::string::npos);
}

TEST(IdxReader, RefusesTrailingBytes) {
  EXPECT_EQ(error_of("\0\0\x08\x01\0\0\0\x01\x01zz"s),
            "f: byte 9: 2 bytes more than the declared [1] values");
}

}  // namespace
}  // namespace ncprune
