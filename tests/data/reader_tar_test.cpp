#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ncprune/base/random_access.h"
#include "ncprune/data/tar.h"
#include "tests/data/folder.h"
#include "tests/data/input_error.h"
#include "tests/data/tar_bytes.h"

namespace ncprune {
namespace {

bool is_wanted(const std::string& name) {
  return name.ends_with(".png");
}

std::string error_of(const std::string& bytes, const TarLimits& limits = {}) {
  const std::string message = input_error([&] { index_tar(bytes, is_wanted, "x.tar", limits); });
  const Folder folder;
  const RandomAccessFile file(folder.write("x.tar", bytes));
  EXPECT_EQ(input_error([&] { index_tar(file, is_wanted, limits); }),
            folder.path() + "/" + message);
  return message;
}

TEST(TarReader, ReadsTheWantedFilesAndNamesTheFolders) {
  const std::string long_content(1500, 'z');
  const std::string bytes = tar_entry("./", "", '5') + tar_entry("./b/", "", '5') +
                            tar_entry("./b//2.png", long_content) + tar_entry("notes.txt", "no") +
                            tar_entry("a/1.png", "") + tar_end();
  const TarArchive archive = index_tar(bytes, is_wanted, "x.tar");
  EXPECT_EQ(archive.folders, std::vector<std::string>{"b"});
  ASSERT_EQ(archive.files.size(), 2);
  EXPECT_EQ(archive.files[0].name, "b/2.png");
  EXPECT_EQ(bytes.substr(archive.files[0].offset, archive.files[0].size), long_content);
  EXPECT_EQ(archive.files[1].name, "a/1.png");
  EXPECT_EQ(archive.files[1].size, 0);
  const Folder folder;
  const RandomAccessFile file(folder.write("x.tar", bytes));
  const TarArchive again = index_tar(file, is_wanted);
  EXPECT_EQ(again.folders, archive.folders);
  ASSERT_EQ(again.files.size(), 2);
  EXPECT_EQ(file.read(again.files[0].offset, again.files[0].size, "x"), long_content);
  EXPECT_EQ(again.files[1].offset, archive.files[1].offset);
}

// A name of more than 100 bytes has an entry of its own in GNU's form, and one of records in
// POSIX's, before the file's header.
TEST(TarReader, FindsContentsBehindLongNames) {
  const std::string name = std::string(120, 'n') + ".png";
  const std::string record = " path=" + name + "\n";
  const std::string gnu = tar_entry("././@LongLink", name + '\0', 'L');
  const std::string posix =
      tar_entry("PaxHeaders/1.png", std::to_string(record.size() + 3) + record, 'x');
  for (const std::string& before : {gnu, posix}) {
    const std::string bytes = before + tar_entry("1.png", "content") + tar_end();
    const TarArchive archive = index_tar(bytes, is_wanted, "x.tar");
    ASSERT_EQ(archive.files.size(), 1);
    EXPECT_EQ(archive.files[0].name, name);
    EXPECT_EQ(bytes.substr(archive.files[0].offset, archive.files[0].size), "content");
  }
}

// GNU tar --sparse (POSIX form 0.1): the map lists the parts that are there.
TEST(TarReader, RefusesFilesWithHoles) {
  const auto record = [](const std::string& text) {  // of two digits' length
    return std::to_string(text.size() + 4) + " " + text + "\n";
  };
  const std::string bytes =
      tar_entry("PaxHeaders/1.png",
                record("GNU.sparse.size=4096") + record("GNU.sparse.map=4000,4"), 'x') +
      tar_entry("1.png", "part") + tar_end();
  EXPECT_EQ(error_of(bytes),
            "x.tar: entry '1.png' is stored with holes; wanted a tar file made without --sparse");
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
            "x.tar: entry 'a/1.png': truncated: declares 1500 bytes, 488 are there");
  EXPECT_EQ(error_of(tar_entry("notes.txt", std::string(1500, 'z')).substr(0, 1000)),
            "x.tar: entry 'notes.txt': truncated: declares 1500 bytes, 488 are there");
  std::string huge = tar_entry("a/1.png", "x") + tar_end();
  huge.replace(124, 11, "77777777777");
  huge.replace(148, 8, "        ");
  unsigned sum = 0;
  for (size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(huge[i]);
  huge.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  EXPECT_EQ(error_of(huge),
            "x.tar: entry 'a/1.png': truncated: declares 8589934591 bytes, 1536 are there");
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
  EXPECT_EQ(index_tar(archive, is_wanted, "x.tar", {.entries = 2, .file_bytes = 1500}).files.size(),
            1);
}

}  // namespace
}  // namespace ncprune
