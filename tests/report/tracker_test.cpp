// The trackers' files, read by the rules of their formats.
#include "ncprune/report/tracker.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/data/folder.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(folder)) all.push_back(entry.path());
  return all;
}

TEST(Tracker, WritesTensorBoardsRecords) {
  const Folder folder;
  {
    const auto run = start_tracking("tensorboard:" + folder.path(), "a:b/c", {});
    run->log(300, {{"loss", 0.25}});
  }
  const std::vector<fs::path> files = entries(folder.path() + "/a_b/c");
  ASSERT_EQ(files.size(), 1);
  EXPECT_NE(files[0].filename().string().find("tfevents"), std::string::npos);
  const std::string bytes = bytes_of(files[0]);
  std::vector<std::string> records;
  for (size_t at = 0; at < bytes.size();) {
    uint64_t length = 0;
    std::memcpy(&length, &bytes[at], sizeof length);
    records.push_back(bytes.substr(at + 12, length));
    at += 12 + length + 4;
    ASSERT_LE(at, bytes.size());
  }
  ASSERT_EQ(records.size(), 2);
  EXPECT_EQ(records[0].substr(9),
            "\x1a\x0d"
            "brain.Event:2");
  // Behind the time: step 300, then the summary of one value: tag "loss", 0.25 as a float.
  EXPECT_EQ(records[1].substr(9),
            std::string("\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\x00\x00\x80\x3e", 18));
  // The masked CRC-32C of the first record's length, 24, by a table from elsewhere.
  uint32_t crc = 0;
  std::memcpy(&crc, &bytes[8], sizeof crc);
  EXPECT_EQ(crc, 0x224b7fa3U);
}

TEST(Tracker, WritesMlflowsStore) {
  const Folder folder;
  const std::string store = folder.path() + "/runs";
  for (const std::string name : {"first", "it's"}) {
    const auto run = start_tracking("mlflow:" + store, name, {{"epochs", "3"}});
    run->log(1, {{"loss", 0.5}});
    run->log(2, {{"loss", 0.25}});
  }
  const std::vector<fs::path> experiments = entries(store);
  ASSERT_EQ(experiments.size(), 1);
  EXPECT_NE(bytes_of(experiments[0] / "meta.yaml").find("\nname: ncprune\n"), std::string::npos);
  int runs = 0;
  for (const fs::path& run : entries(experiments[0])) {
    if (!fs::is_directory(run)) continue;
    ++runs;
    const std::string meta = bytes_of(run / "meta.yaml");
    EXPECT_NE(meta.find("run_id: '" + run.filename().string() + "'"), std::string::npos);
    EXPECT_NE(meta.find("\nstatus: 3\n"), std::string::npos) << meta;
    EXPECT_EQ(bytes_of(run / "params/epochs"), "3");
    std::ifstream metric(run / "metrics/loss");
    int64_t time = 0;
    double value = 0;
    int64_t step = 0;
    ASSERT_TRUE(metric >> time >> value >> step >> time >> value >> step);
    EXPECT_GT(time, 1'600'000'000'000);
    EXPECT_EQ(value, 0.25);
    EXPECT_EQ(step, 2);
  }
  EXPECT_EQ(runs, 2);
}

TEST(Tracker, RefusesOthers) {
  for (const std::string bad : {"wandb:x", "mlflow:", "tensorboard"}) {
    EXPECT_NE(input_error([&] { require_tracker(bad); }).find("tensorboard:DIR or mlflow:DIR"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace ncprune
