// The database of a study's rows: what it keeps, and what it refuses.
#include "ncprune/study/results.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "ncprune/base/file.h"
#include "tests/data/input_error.h"
#include "tests/study/small_study.h"

namespace ncprune {
namespace {

class ResultsFile : public StudyFile {};

void execute(const std::string& file, const std::string& sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
}

TEST_F(ResultsFile, AFileThatIsNoResultsIsRefusedAndLeftAsItIs) {
  const std::string other = folder_.write("rows.db", "not a database, but of some length");
  EXPECT_NE(input_error([&] { runner_.run(small_study(), other); }).find("rows.db"),
            std::string::npos);
  EXPECT_EQ(read_file(other), "not a database, but of some length");
  EXPECT_NE(input_error([&] { study_rows(folder_.path() + "/missing.db"); }).find("no such file"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/missing.db"));
  const std::string foreign = folder_.path() + "/foreign.db";
  execute(foreign, "CREATE TABLE cell(x)");
  EXPECT_NE(input_error([&] { runner_.run(small_study(), foreign); }).find("another program's"),
            std::string::npos);
}

TEST_F(ResultsFile, RowsThatDoNotHoldTogetherAreRefused) {
  Study study = small_study();
  study.seeds = {3};
  study.methods = {"magnitude"};
  for (const std::string& damage :
       {std::string("UPDATE problem SET minority = '[7]'"),
        std::string("UPDATE problem SET minority = '[-1]'"),
        std::string("UPDATE problem SET minority = ''"),
        std::string("UPDATE problem SET classes = '{'"),
        std::string("UPDATE problem SET class_counts = '[1, \"x\"]'"),
        std::string("UPDATE problem SET tested = '[1, 2]'"),
        std::string("UPDATE problem SET tested = '[-5, 2, 3]'"),
        std::string("UPDATE settings SET json = 'nothing'"),
        std::string("UPDATE settings SET json = '[]'"),
        std::string("DELETE FROM recall WHERE class = 1"), std::string("DELETE FROM outcome"),
        std::string("DROP TABLE recall")}) {
    std::filesystem::remove(file_);
    runner_.run(study, file_);
    execute(file_, damage);
    const std::string message = input_error([&] { study_rows(file_); });
    EXPECT_NE(message.find("rows.db"), std::string::npos) << damage << ": " << message;
  }
}

TEST_F(ResultsFile, KeepsEverythingOfARow) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  StudyRow row;
  row.cell.data = "d";
  row.cell.imbalance = "i \"quoted\"";
  row.cell.method = "m";
  row.cell.treatment = "t";
  row.cell.repair = "r";
  row.cell.head = "h";
  row.cell.sparsity = 0.1 + 0.2;  // a number that a short print would change
  row.outcome.parameters = 7;
  row.outcome.nonzero = 5;
  row.outcome.macs = int64_t{1} << 40;
  row.outcome.network = "abc";
  row.outcome.right = std::string("\0\xff\x01", 3);
  row.outcome.tested = {20, 0};
  row.outcome.classes = {{"a", "b"}, {5, 1}, {1}};
  row.outcome.result.name = row.cell.method;
  row.outcome.result.clean.recall = {0.25, kNan};
  row.outcome.result.clean.auroc = {0.75, kNan};
  row.outcome.result.clean.average_precision = {0.5, kNan};
  row.outcome.result.shift = -0.25;
  row.outcome.result.common = row.outcome.result.clean;
  row.outcome.result.common->recall = {0.125, 1};
  row.outcome.result.resampled = {{0.75, 0.5}, {0.25, 0.125}, {0, 1}};
  row.outcome.validation = row.outcome.result.clean;
  StudyResults(file_).add(row);
  const StudyResults results(file_);
  ASSERT_TRUE(results.has(row.cell));
  const StudyRow back = results.of({row.cell}).front();
  EXPECT_EQ(pack_row(back), pack_row(row));
  EXPECT_EQ(pack_row(unpack_row(pack_row(row))), pack_row(row));
  EXPECT_TRUE(std::isnan(back.outcome.result.clean.recall[1]));
  EXPECT_FALSE(back.outcome.result.noisy.has_value());
  EXPECT_NE(input_error([] { unpack_row("nonsense"); }).find("not a study's row"),
            std::string::npos);
  EXPECT_EQ(pack_cell(unpack_cell(pack_cell(row.cell))), pack_cell(row.cell));
  EXPECT_NE(input_error([] { unpack_cell("nonsense"); }).find("not a study's cell"),
            std::string::npos);
  row.cell.sparsity = 0.3;
  EXPECT_FALSE(results.has(row.cell));
}

TEST_F(ResultsFile, StaysAsItIsWhenItIsOnlyRead) {
  const Study study = small_study();
  StudyRun how;
  how.results = file_;
  const size_t cells = run_study(study, how).size();
  execute(file_, "PRAGMA journal_mode = delete");  // as a file that is handed on
  const std::string before = read_file(file_);
  EXPECT_EQ(study_rows(file_).size(), cells);
  EXPECT_EQ(study_status(file_).size(), 1);
  EXPECT_EQ(run_study(study, how).size(), cells) << "nothing was missing";
  EXPECT_TRUE(read_file(file_) == before);
}

// The file as versions before the common operating point wrote it.
void bring_to_version_1(const std::string& file) {
  execute(file, R"sql(
ALTER TABLE cell RENAME COLUMN finish TO batch_norm;
ALTER TABLE cell DROP COLUMN shift;
ALTER TABLE cell DROP COLUMN resampled_minority_auroc;
ALTER TABLE cell DROP COLUMN resampled_common_balanced;
ALTER TABLE cell DROP COLUMN resampled_common_minority;
ALTER TABLE recall DROP COLUMN auroc;
ALTER TABLE recall DROP COLUMN average_precision;
DELETE FROM recall WHERE part = 'common';
DELETE FROM outcome WHERE part = 'common';
CREATE TABLE old(cell INTEGER NOT NULL REFERENCES cell ON DELETE CASCADE,
  part TEXT NOT NULL CHECK(part IN ('test', 'noisy test', 'validation')), balanced_accuracy REAL,
  minority_recall REAL, overall_accuracy REAL, worst_recall REAL, macro_f1 REAL, g_mean REAL,
  right BLOB, PRIMARY KEY(cell, part));
INSERT INTO old SELECT * FROM outcome;
DROP TABLE outcome;
ALTER TABLE old RENAME TO outcome;
PRAGMA user_version = 1;
PRAGMA journal_mode = delete;)sql");
}

TEST_F(ResultsFile, OfTheVersionBeforeIsReadAsItIsAndUpgradedWhenItGrows) {
  Study study = small_study();
  study.methods = {"magnitude"};
  const std::vector<StudyRow> rows = runner_.run(study, file_);
  ASSERT_TRUE(rows.back().outcome.result.common);
  bring_to_version_1(file_);
  const std::string before = read_file(file_);
  const std::vector<StudyRow> old = study_rows(file_);
  EXPECT_TRUE(read_file(file_) == before) << "reading changes nothing";
  ASSERT_EQ(old.size(), rows.size());
  for (size_t i = 0; i < old.size(); ++i) {
    EXPECT_EQ(old[i].cell.finish, rows[i].cell.finish);
    EXPECT_EQ(old[i].outcome.right, rows[i].outcome.right);
    EXPECT_EQ(old[i].outcome.result.clean.recall, rows[i].outcome.result.clean.recall);
    EXPECT_FALSE(old[i].outcome.result.common);
    EXPECT_TRUE(old[i].outcome.result.clean.auroc.empty());
  }
  study.seeds.push_back(5);
  const std::vector<StudyRow> more = runner_.run(study, file_);
  EXPECT_EQ(more.size(), rows.size() / 2 * 3);
  EXPECT_EQ(runner_.made.size(), rows.size() / 2) << "only what was missing";
  EXPECT_TRUE(more.back().outcome.result.common);
  EXPECT_EQ(study_rows(file_).size(), more.size());
}

TEST_F(ResultsFile, OfVersion2HasNoResampledScores) {
  Study study = small_study();
  study.methods = {"magnitude"};
  const std::vector<StudyRow> rows = runner_.run(study, file_);
  ASSERT_FALSE(rows.back().outcome.result.resampled.common_balanced.empty());
  ASSERT_FALSE(rows.back().outcome.result.resampled.minority_auroc.empty());
  execute(file_, R"sql(
ALTER TABLE cell DROP COLUMN resampled_minority_auroc;
ALTER TABLE cell DROP COLUMN resampled_common_balanced;
ALTER TABLE cell DROP COLUMN resampled_common_minority;
PRAGMA user_version = 2;)sql");
  const std::vector<StudyRow> old = study_rows(file_);
  ASSERT_EQ(old.size(), rows.size());
  EXPECT_EQ(old.back().outcome.result.common->recall, rows.back().outcome.result.common->recall);
  EXPECT_TRUE(old.back().outcome.result.resampled.common_balanced.empty());
  runner_.run(study, file_);
  EXPECT_TRUE(runner_.made.empty()) << "nothing was missing";
}

std::vector<std::string> packed(const std::vector<StudyRow>& rows) {
  std::vector<std::string> all;
  for (StudyRow row : rows) {
    row.outcome.seconds = 0;
    all.push_back(pack_row(row));
  }
  std::sort(all.begin(), all.end());
  return all;
}

TEST_F(ResultsFile, MergedIsWhatOneStudyWouldHaveMade) {
  Study first = small_study();
  first.seeds = {3};
  Study second = small_study();
  second.methods = {"magnitude"};
  const std::string other = folder_.path() + "/other.db";
  runner_.run(first, file_);
  const size_t shared = study_rows(file_).size();
  runner_.run(second, other);
  const size_t others = study_rows(other).size();
  execute(other, "PRAGMA journal_mode = delete");
  const std::string before = read_file(other);

  const Merged merged = StudyResults(file_).merge(other);
  EXPECT_GT(merged.present, 0);
  EXPECT_GT(merged.taken, 0);
  EXPECT_EQ(static_cast<size_t>(merged.present + merged.taken), others);
  EXPECT_EQ(merged.differing, 0);
  EXPECT_EQ(study_rows(file_).size(), shared + static_cast<size_t>(merged.taken));
  const std::string whole = folder_.path() + "/whole.db";
  runner_.run(first, whole);
  runner_.run(second, whole);
  EXPECT_EQ(packed(study_rows(file_)), packed(study_rows(whole)));
  EXPECT_TRUE(read_file(other) == before);

  const std::vector<RunStatus> runs = study_status(file_);
  ASSERT_EQ(runs.size(), 2);
  EXPECT_EQ(runs[1].done, merged.taken);
  EXPECT_EQ(runs[1].state, "done");
  EXPECT_EQ(runs[1].started, study_status(other).front().started);

  EXPECT_EQ(StudyResults(file_).merge(other).taken, 0) << "a second time";
  EXPECT_EQ(study_status(file_).size(), 2);

  // An earlier copy, from when that run was not done.
  execute(other, "UPDATE run SET finished = NULL");
  execute(file_,
          "PRAGMA foreign_keys = ON; DELETE FROM cell WHERE id = (SELECT max(id) FROM cell)");
  EXPECT_EQ(StudyResults(file_).merge(other).taken, 1);
  EXPECT_EQ(study_status(file_)[1].state, "done");
}

TEST_F(ResultsFile, MergingKeepsItsOwnCellsAndCountsThoseThatDiffer) {
  Study study = small_study();
  study.seeds = {3};
  const std::string other = folder_.path() + "/other.db";
  runner_.run(study, file_);
  runner_.run(study, other);
  execute(other, "UPDATE cell SET network_sha256 = 'another' WHERE method = 'magnitude'");
  const std::vector<std::string> own = packed(study_rows(file_));
  const Merged merged = StudyResults(file_).merge(other);
  EXPECT_EQ(merged.taken, 0);
  EXPECT_EQ(merged.differing, 4);
  EXPECT_EQ(packed(study_rows(file_)), own);
}

TEST_F(ResultsFile, MergingADamagedDatabaseTakesNothing) {
  Study study = small_study();
  study.seeds = {3};
  const std::string other = folder_.path() + "/other.db";
  for (const std::string& damage :
       {std::string("DELETE FROM recall WHERE cell = (SELECT max(id) FROM cell)"),
        std::string("DROP TABLE run")}) {
    std::filesystem::remove(other);
    runner_.run(study, other);
    execute(other, damage);
    StudyResults results(file_);
    const std::string message = input_error([&] { results.merge(other); });
    EXPECT_NE(message.find("other.db"), std::string::npos) << message;
    EXPECT_TRUE(study_rows(file_).empty());
    EXPECT_TRUE(study_status(file_).empty());
  }
}

}  // namespace
}  // namespace ncprune
