#include <gtest/gtest.h>

#include "ncprune/data/tar.h"
#include "tests/data/input_error.h"
#include "tests/data/tar_bytes.h"

namespace ncprune {
namespace {

bool is_wanted(const std::string& name) {
  return name.ends_with(".png");
}

std::string error_of(const std::string& bytes, const TarLimits& limits = {}) {
  return input_error([&] { parse_tar(bytes, is_wanted, "x.tar", limits); });
}

TEST(TarReader, ReadsTheWantedFilesAndNamesTheFolders) {
  const std::string long_content(1500, 'z');
  const TarArchive archive =
      parse_tar(tar_entry("./", "", '5') + tar_entry("./b/", "", '5') +
                    tar_entry("./b//2.png", long_content) + tar_entry("notes.txt", "no") +
                    tar_entry("a/1.png", "") + tar_end(),
                is_wanted, "x.tar");
  EXPECT_EQ(archive.folders, std::vector<std::string>{"b"});
  ASSERT_EQ(archive.files.size(), 2);
  EXPECT_EQ(archive.files[0].name, "b/2.png");
  EXPECT_EQ(archive.files[0].content, long_content);
  EXPECT_EQ(archive.files[1].name, "a/1.png");
  EXPECT_EQ(archive.files[1].content, "");
}

TEST(TarReader, RefusesWhatLeadsOutsideOrIsNoFile) {
  const auto refused = [](const std::string& entry) { return error_of(entry + tar_end()); };
  EXPECT_EQ(refused(tar_entry("/etc/1.png", "x")),
            "x.tar: entry '/etc/1.png' leads outside the archive");
  EXPECT_EQ(refused(tar_entry("a/../../1.png", "x")),
            "x.tar: entry 'a/../../1.png' leads outside the archive");
  EXPECT_EQ(refused(tar_entry("a/1.png", "", '2', "/etc/passwd")),
            "x.tar: entry 'a/1.png' is a link; wanted files and folders");
  EXPECT_EQ(refused(tar_entry("a/1.png", "x") + tar_entry("a/2.png", "", '1', "a/1.png")),
            "x.tar: entry 'a/2.png' is a link; wanted files and folders");
  EXPECT_EQ(refused(tar_entry("a/pipe", "", '6')),
            "x.tar: entry 'a/pipe' is not a file; wanted files and folders");
  EXPECT_EQ(refused(tar_entry("a\n.png", "x") + tar_entry("a\n.png", "y")),
            "x.tar: entry 'a\\x0a.png' occurs twice");
}

TEST(TarReader, RefusesDamage) {
  const std::string whole = tar_entry("a/1.png", std::string(1500, 'z')) + tar_end();
  EXPECT_NE(error_of("").find("x.tar: not a readable tar file: "), std::string::npos);
  EXPECT_NE(error_of("no tar").find("x.tar: not a readable tar file: "), std::string::npos);
  EXPECT_EQ(error_of(whole.substr(0, 1000)),
            "x.tar: entry 'a/1.png': damaged: Truncated tar archive");
  std::string wrong = tar_entry("a/1.png", "x") + tar_entry("a/2.png", "y") + tar_end();
  wrong[1024 + 3] ^= 1;  // the checksum of the second header
  EXPECT_NE(error_of(wrong), "");
}

TEST(TarReader, KeepsItsLimits) {
  const std::string archive =
      tar_entry("a/1.png", std::string(1500, 'z')) + tar_entry("b", "", '5') + tar_end();
  EXPECT_EQ(error_of(archive, {.entries = 1, .file_bytes = 1500}), "x.tar: more than 1 entries");
  EXPECT_EQ(error_of(archive, {.entries = 2, .file_bytes = 1499}),
            "x.tar: entry 'a/1.png': larger than 1499 bytes");
  EXPECT_EQ(parse_tar(archive, is_wanted, "x.tar", {.entries = 2, .file_bytes = 1500}).files.size(),
            1);
}

}  // namespace
}  // namespace ncprune
