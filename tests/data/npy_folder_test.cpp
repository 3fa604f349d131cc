// A folder of .npy files: the same samples as in an NPZ file, names of classes, and one line for
// files that are damaged or change.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <filesystem>

#include "ncprune/base/runtime.h"
#include "ncprune/data/npy.h"
#include "ncprune/data/source.h"
#include "tests/data/folder.h"
#include "tests/data/input_error.h"
#include "tests/data/zip_bytes.h"

namespace ncprune {
namespace {

using namespace std::string_literals;

// --memory, for one test.
class LittleMemory {
 public:
  LittleMemory() { set_memory_limit(600); }
  ~LittleMemory() { set_memory_limit(usual_); }
  LittleMemory(const LittleMemory&) = delete;
  LittleMemory& operator=(const LittleMemory&) = delete;

 private:
  int64_t usual_ = memory_limit();
};

std::string numbers(int64_t count) {
  std::string bytes;
  for (int64_t i = 0; i < count; ++i) {
    bytes += little_endian(std::bit_cast<uint32_t>(0.37F * static_cast<float>(i) - 5), 4);
  }
  return bytes;
}

const std::string kInputs = npy_bytes("<f4", "(10, 7)", numbers(70));
const std::string kLabels = npy_bytes("|u1", "(10,)", "\0\1\0\1\0\1\0\1\0\1"s);

std::string spec_of(const Folder& folder) {
  return "npz:" + folder.path();
}

TEST(NpyFolder, GivesTheSamplesOfAnArchive) {
  const Folder archive;
  const TrainTest wanted =
      load_data("npz:" + archive.write("x.npz", zip_bytes({{.name = "x.npy", .content = kInputs},
                                                           {.name = "y.npy", .content = kLabels}})),
                "", 1);
  const Folder folder;
  folder.write("x.npy", kInputs);
  folder.write("y.npy", kLabels);
  const TrainTest held = load_data(spec_of(folder), "", 1);
  EXPECT_FALSE(held.train.reader);
  const LittleMemory little;
  const TrainTest streamed = load_data(spec_of(folder), "", 1);
  EXPECT_TRUE(streamed.train.reader);
  for (const TrainTest& data : {held, streamed}) {
    EXPECT_TRUE(data.train.labels.equal(wanted.train.labels));
    EXPECT_TRUE(data.train.inputs_at(0, 8).equal(wanted.train.inputs));
    EXPECT_TRUE(data.test.inputs_at(0, 2).equal(wanted.test.inputs));
    EXPECT_EQ(data.train.class_names, (std::vector<std::string>{"0", "1"}));
  }
}

TEST(NpyFolder, KeepsATestSetApart) {
  const Folder folder;
  folder.write("x.npy", kInputs);
  folder.write("y.npy", kLabels);
  folder.write("x_test.npy", npy_bytes("<f4", "(2, 7)", numbers(14)));
  folder.write("y_test.npy", npy_bytes("|u1", "(2,)", "\1\0"s));
  const TrainTest data = load_data(spec_of(folder), "", 1);
  EXPECT_EQ(data.train.size(), 10);
  EXPECT_EQ(data.test.labels[0].item<int64_t>(), 1);
}

TEST(NpyFolder, NamesItsClasses) {
  const Folder folder;
  folder.write("x.npy", kInputs);
  folder.write("y.npy", kLabels);
  folder.write("classes.txt", "good\r\ncrack\nscratch\n");
  const std::vector<std::string> names{"good", "crack", "scratch"};
  EXPECT_EQ(load_data(spec_of(folder), "", 1).test.class_names, names);
  folder.write("classes.txt", "good\n");
  EXPECT_EQ(input_error([&] { load_data(spec_of(folder), "", 1); }),
            folder.path() + ": sample 1 has label 1; wanted 0 to 0");
  folder.write("classes.txt", "\n");
  EXPECT_NE(input_error([&] { load_data(spec_of(folder), "", 1); }).find("wanted a name"),
            std::string::npos);
  folder.write("y.npy", npy_bytes("|u1", "(10, 2)", std::string(20, '\1')));
  folder.write("classes.txt", "a\nb\nc\n");
  EXPECT_EQ(input_error([&] { load_data(spec_of(folder), "", 1); }),
            folder.path() + ": names 3 classes; the labels have 2");
}

TEST(NpyFolder, RefusesWhatIsMissingDamagedOrChanges) {
  const Folder folder;
  EXPECT_NE(input_error([&] { load_data(spec_of(folder), "", 1); }).find("no array called x"),
            std::string::npos);
  const std::string path = folder.write("x.npy", kInputs);
  folder.write("y.npy", kLabels);
  const LittleMemory little;
  const TrainTest data = load_data(spec_of(folder), "", 1);
  std::filesystem::resize_file(path, 200);
  EXPECT_NE(input_error([&] { data.train.inputs_at(0, 8); }).find("x.npy: the file was changed"),
            std::string::npos);
  EXPECT_NE(input_error([&] { load_data(spec_of(folder), "", 1); }).find("x.npy: truncated"),
            std::string::npos);
}

TEST(NpyOfFloats, IsReadAgain) {
  const std::string floats = numbers(24);
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{24}, std::vector<int64_t>{2, 3, 4}}) {
    const NpyArray array = parse_npy(npy_of_floats(floats, shape), "f");
    EXPECT_EQ(array.dtype, "f4");
    EXPECT_EQ(array.shape, shape);
    EXPECT_EQ(array.data, floats);
  }
}

}  // namespace
}  // namespace ncprune
