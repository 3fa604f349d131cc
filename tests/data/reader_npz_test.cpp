#include <gtest/gtest.h>

#include "ncprune/data/npz.h"
#include "tests/data/input_error.h"
#include "tests/data/zip_bytes.h"

namespace ncprune {
namespace {

const std::string kArray = npy_bytes("|u1", "(3,)", "abc");

std::string error_of(const std::string& bytes) {
  return input_error([&] { parse_npz(bytes, {"x"}, "f"); });
}

// Raw deflate, as zip has it.
std::string deflated(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
  std::string packed(content.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

ZipEntry deflated_entry(const std::string& name, const std::string& content) {
  const auto* data = reinterpret_cast<const Bytef*>(content.data());
  return {
      .name = name,
      .content = deflated(content),
      .method = 8,
      .declared_size = static_cast<int64_t>(content.size()),
      .declared_checksum = static_cast<int64_t>(crc32(0, data, static_cast<uInt>(content.size())))};
}

TEST(NpzReader, ReadsWantedArraysAndListsAll) {
  const std::string bytes = zip_bytes(
      {{.name = "x.npy", .content = kArray}, {.name = "z.npy", .content = "not unpacked"}});
  const NpzArchive archive = parse_npz(bytes, {"x", "y"}, "f");
  EXPECT_EQ(archive.names, (std::vector<std::string>{"x", "z"}));
  ASSERT_EQ(archive.arrays.size(), 1U);
  EXPECT_EQ(archive.arrays.at("x").data, "abc");
}

TEST(NpzReader, ReadsDeflatedArrays) {
  const std::string zeros = npy_bytes("<f4", "(100, 100)", std::string(40000, '\0'));
  const NpzArchive archive = parse_npz(zip_bytes({deflated_entry("x.npy", zeros)}), {"x"}, "f");
  EXPECT_EQ(archive.arrays.at("x").data.size(), 40000U);
}

TEST(NpzReader, RefusesWhatIsNoArchive) {
  for (const std::string bytes : {"PK", "some text that is no archive at all"}) {
    EXPECT_NE(error_of(bytes).find("f: not a readable .npz archive"), std::string::npos);
  }
}

TEST(NpzReader, RefusesAnEmptyFile) {
  EXPECT_EQ(error_of(""), "f: empty; wanted a .npz archive");
}

TEST(NpzReader, RefusesEveryCutShortArchive) {
  const std::string bytes = zip_bytes({{.name = "x.npy", .content = kArray}});
  for (size_t size = 0; size < bytes.size(); ++size) error_of(bytes.substr(0, size));
}

TEST(NpzReader, RefusesADamagedArray) {
  ZipEntry entry{.name = "x.npy", .content = kArray, .declared_checksum = 1};
  EXPECT_NE(error_of(zip_bytes({entry})).find("f: array 'x': damaged: CRC error"),
            std::string::npos);
  entry = deflated_entry("x.npy", kArray);
  entry.content[entry.content.size() / 2] ^= 0x55;
  EXPECT_NE(error_of(zip_bytes({entry})).find("f: array 'x': damaged"), std::string::npos);
}

TEST(NpzReader, DoesNotTrustTheDeclaredSize) {
  ZipEntry entry = deflated_entry("x.npy", kArray);
  entry.declared_size = 0xFFFFFFF0;
  EXPECT_NE(error_of(zip_bytes({entry})).find("f: array 'x': damaged"), std::string::npos);
  // A bomb: a thousand times its own size, declared as small.
  entry = deflated_entry("x.npy", std::string(1 << 20, '\0'));
  entry.declared_size = 100;
  EXPECT_NE(error_of(zip_bytes({entry})).find("f: array 'x': damaged"), std::string::npos);
}

TEST(NpzReader, RefusesOtherPackingMethods) {
  const ZipEntry entry{.name = "x.npy", .content = kArray, .method = 12};
  EXPECT_EQ(error_of(zip_bytes({entry})),
            "f: array 'x': compression method 12; wanted stored (0) or deflated (8)");
}

TEST(NpzReader, RefusesTwoArraysOfOneName) {
  const ZipEntry entry{.name = "x.npy", .content = kArray};
  EXPECT_EQ(error_of(zip_bytes({entry, entry})), "f: two arrays are called 'x'");
}

TEST(NpzReader, NamesTheArrayWithABadHeader) {
  EXPECT_EQ(error_of(zip_bytes({{.name = "x.npy", .content = "rubbish that is long enough"}})),
            "f: array 'x': byte 0: not a NumPy array");
}

}  // namespace
}  // namespace ncprune
