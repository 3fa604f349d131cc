#include "ncprune/base/random_access.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/data/folder.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

TEST(RandomAccessFile, ReadsParts) {
  const Folder folder;
  const RandomAccessFile file(folder.write("a", "0123456789"));
  EXPECT_EQ(file.size(), 10);
  EXPECT_EQ(file.read(3, 4, "a"), "3456");
  EXPECT_EQ(file.read(10, 0, "a"), "");
  EXPECT_TRUE(file.starts_with("012"));
  EXPECT_FALSE(file.starts_with("01234567890"));
}

TEST(RandomAccessFile, RefusesWhatIsNoFile) {
  const Folder folder;
  EXPECT_EQ(input_error([&] { RandomAccessFile(folder.path()); }),
            folder.path() + ": is a folder; wanted a file");
  EXPECT_EQ(input_error([&] { RandomAccessFile(folder.path() + "/b"); }),
            folder.path() + "/b: No such file or directory");
}

TEST(RandomAccessFile, RefusesAFileThatWasChangedInPlace) {
  const Folder folder;
  const std::string path = folder.write("a", "0123456789");
  const RandomAccessFile file(path);
  std::filesystem::resize_file(path, 5);
  EXPECT_EQ(input_error([&] { file.read(3, 4, "part b"); }),
            "part b: the file was changed while it was in use (10 bytes before, 5 now)");
}

TEST(RandomAccessFile, ReadsAFileThatWasReplacedAsItWas) {
  const Folder folder;
  const std::string path = folder.write("a", "0123456789");
  const RandomAccessFile file(path);
  std::filesystem::rename(folder.write("b", "other"), path);
  EXPECT_EQ(file.read(3, 4, "a"), "3456");
}

}  // namespace
}  // namespace ncprune
