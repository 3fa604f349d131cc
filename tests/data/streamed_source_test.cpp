// Inputs that stay in their files: the same bits as in memory, and one line for files that change.
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <filesystem>

#include "ncprune/base/runtime.h"
#include "ncprune/data/source.h"
#include "tests/data/folder.h"
#include "tests/data/image_bytes.h"
#include "tests/data/input_error.h"
#include "tests/data/tar_bytes.h"
#include "tests/data/zip_bytes.h"

namespace ncprune {
namespace {

using namespace std::string_literals;

// --memory, for one test.
class MemoryLimit {
 public:
  explicit MemoryLimit(int64_t bytes) { set_memory_limit(bytes); }
  ~MemoryLimit() { set_memory_limit(usual_); }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  int64_t usual_ = memory_limit();
};

std::string bytes_of(int64_t count) {
  std::string bytes;
  for (int64_t i = 0; i < count; ++i) bytes += static_cast<char>(i * 37 + i / 11);
  return bytes;
}

std::string floats_of(int64_t count, bool big_endian = false) {
  std::string bytes;
  for (int64_t i = 0; i < count; ++i) {
    std::string one = little_endian(std::bit_cast<uint32_t>(0.37F * static_cast<float>(i) - 5), 4);
    if (big_endian) std::reverse(one.begin(), one.end());
    bytes += one;
  }
  return bytes;
}

std::string archive(const std::string& x) {
  return zip_bytes(
      {{.name = "x.npy", .content = x},
       {.name = "y.npy", .content = npy_bytes("|u1", "(10,)", "\0\1\0\1\0\1\0\1\0\1"s)}});
}

TEST(StreamedNpz, GivesTheBitsOfInputsInMemory) {
  const Folder folder;
  for (const std::string& x :
       {npy_bytes("|u1", "(10, 4, 5, 3)", bytes_of(600)),
        npy_bytes("|u1", "(10, 4, 5)", bytes_of(200)), npy_bytes("<f4", "(10, 7)", floats_of(70)),
        npy_bytes(">f4", "(10, 7)", floats_of(70, true)), npy_bytes("<i2", "(10, 3)", bytes_of(60)),
        npy_bytes("<f4", "(10, 7)", floats_of(70), true)}) {
    const std::string spec = "npz:" + folder.write("x.npz", archive(x));
    const TrainTest held = load_data(spec, "", 1);
    EXPECT_FALSE(held.train.reader);
    const MemoryLimit little(600);  // of which arrays of more than 2 floats are not read at once
    const TrainTest data = load_data(spec, "", 1);
    const bool column_major = x.find("True") != std::string::npos;
    EXPECT_EQ(data.train.reader == nullptr, column_major);
    EXPECT_EQ(data.train.sample_shape(), held.train.sample_shape());
    EXPECT_EQ(data.train.range, held.train.range);
    const int64_t n = data.train.size();
    EXPECT_TRUE(data.train.inputs_at(0, n).equal(held.train.inputs));
    const at::Tensor places = at::tensor({3, 4, 0, 1}, at::kLong);
    EXPECT_TRUE(data.train.inputs_of(places).equal(held.train.inputs_of(places)));
    EXPECT_TRUE(data.test.inputs_at(0, 2).equal(held.test.inputs));
  }
}

TEST(StreamedNpz, NamesASampleThatIsNotFinite) {
  const Folder folder;
  std::string values = floats_of(70);
  values.replace(4 * (3 * 7 + 2), 4, little_endian(0x7F800000, 4));
  const std::string path = folder.write("x.npz", archive(npy_bytes("<f4", "(10, 7)", values)));
  const MemoryLimit little(600);
  const TrainTest data = load_data("npz:" + path, "", 1);
  const Dataset& part = data.train.rows.eq(3).any().item<bool>() ? data.train : data.test;
  EXPECT_EQ(input_error([&] { part.inputs_at(0, part.size()); }),
            path + ": array 'x': sample 3 holds a value that is not a finite number");
}

TEST(StreamedNpz, RefusesFilesThatAreCutOrChange) {
  const Folder folder;
  const MemoryLimit little(600);
  const std::string whole = archive(npy_bytes("<f4", "(10, 7)", floats_of(70)));
  const auto error = [&](const std::string& bytes) {
    const std::string file = folder.write("bad.npz", bytes);
    return input_error([&] { load_data("npz:" + file, "", 1); });
  };
  EXPECT_NE(error(whole.substr(0, 200)).find("not a readable .npz archive"), std::string::npos);
  EXPECT_NE(error("").find("empty; wanted a .npz archive"), std::string::npos);
  EXPECT_NE(error(archive(npy_bytes("<f4", "(10, 8)", floats_of(70)))).find("array 'x'"),
            std::string::npos);
  std::string declared = archive(npy_bytes("<f4", "(10, 7)", floats_of(70)));
  const size_t entry = declared.find("PK\x01\x02");
  declared.replace(entry + 20, 8, little_endian(1 << 20, 4) + little_endian(1 << 20, 4));
  error(declared);  // sizes beyond the file

  const std::string path = folder.write("x.npz", whole);
  const TrainTest data = load_data("npz:" + path, "", 1);
  std::filesystem::resize_file(path, 200);
  EXPECT_NE(input_error([&] {
              data.train.inputs_at(0, 5);
            }).find("array 'x': the file was changed while it was in use"),
            std::string::npos);
}

std::string tar_of_pictures() {
  std::string tar;
  for (const char* part : {"train", "test"}) {
    for (int i = 0; i < 4; ++i) {
      tar += tar_entry(fmt::format("{}/{}/{}.png", part, i % 2, i), png_bytes(pattern(3, 4, 5, i)));
    }
  }
  return tar + tar_end();
}

TEST(StreamedTar, ReadsOnlyThePicturesThatAreWanted) {
  const Folder folder;
  const std::string path = folder.write("x.tar", tar_of_pictures());
  const TrainTest data = load_data("images:" + path + "?channels=rgb", "", 1);
  const std::string broken = tar_entry("train/0/0.png", png_bytes(pattern(3, 4, 5, 0))) +
                             tar_entry("train/0/2.png", "no picture") +
                             tar_entry("test/0/1.png", png_bytes(pattern(3, 4, 5, 1))) + tar_end();
  const TrainTest some =
      load_data("images:" + folder.write("b.tar", broken) + "?channels=rgb", "", 1);
  EXPECT_TRUE(some.test.inputs_at(0, 1).equal(data.train.inputs_at(2, 3)));
  EXPECT_NE(input_error([&] { some.train.inputs_at(0, 2); }).find("entry 'train/0/2.png'"),
            std::string::npos);
}

TEST(StreamedTar, RefusesAFileThatChanges) {
  const Folder folder;
  const std::string path = folder.write("x.tar", tar_of_pictures());
  const TrainTest data = load_data("images:" + path, "", 1);
  std::filesystem::resize_file(path, 1000);
  EXPECT_NE(input_error([&] {
              data.test.inputs_at(0, 1);
            }).find("x.tar: entry 'test/0/0.png': the file was changed while it was in use"),
            std::string::npos);
}

TEST(StreamedTar, LimitsWhatAGzippedTarTakes) {
  const Folder folder;
  const std::string path = folder.path() + "/x.tar.gz";
  gzFile file = gzopen(path.c_str(), "wb");
  const std::string tar = tar_of_pictures();
  gzwrite(file, tar.data(), static_cast<unsigned>(tar.size()));
  gzclose(file);
  EXPECT_EQ(load_data("images:" + path, "", 1).test.size(), 4);
  const MemoryLimit little(4000);
  EXPECT_EQ(input_error([&] { load_data("images:" + path, "", 1); }),
            path +
                ": larger than 4000 bytes (--memory); a gzipped tar file is held in memory, an "
                "unpacked one is not");
}

}  // namespace
}  // namespace ncprune
