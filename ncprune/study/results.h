#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ncprune/study/row.h"
#include "ncprune/study/runs.h"

namespace ncprune {

// Counts of another database's cells by the result of merging them.
struct Merged {
  int64_t taken = 0;      // were missing here
  int64_t present = 0;    // were already here and stay unchanged
  int64_t differing = 0;  // present cells whose network has other weights
};

// A study's rows in an SQLite database (docs/studies.md describes its tables), in WAL mode from the
// first run on. Once add() returns, the complete row is stored, even if the process crashes
// afterwards.
class StudyResults {
 public:
  // Opens or makes `file`; empty: in memory. Every function throws InputError when the file is not
  // such a database or cannot be written.
  explicit StudyResults(const std::string& file);
  ~StudyResults();

  // Begins a run: rows added from now on belong to it.
  void begin(const RunRecord& run);
  // Marks the run as done. A run that is never marked was interrupted.
  void finish();

  // Adds a row. It replaces an older row of the same cell, that is with the same data, imbalance,
  // seed, method, treatment, sparsity and settings.
  void add(const StudyRow& row);

  // Copies from the database `file` the rows of cells missing here and the records of their runs.
  // Copies all of them or, when one is damaged, none. `file` is not changed.
  Merged merge(const std::string& file);

  // Whether there is a row for the cell.
  bool has(const StudyCell& cell) const;

  // The rows of `cells`, in the order of the cells; cells without a row are skipped.
  std::vector<StudyRow> of(const std::vector<StudyCell>& cells) const;

 private:
  std::unique_ptr<Database> database_;
  int64_t run_ = 0;  // none
};

// All rows of a database, in the order in which they were added. Throws InputError when there is no
// such file or it is another program's.
std::vector<StudyRow> study_rows(const std::string& file);

}  // namespace ncprune
