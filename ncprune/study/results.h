#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ncprune/study/row.h"
#include "ncprune/study/runs.h"

namespace ncprune {

// What came of another database's cells.
struct Merged {
  int64_t taken = 0;      // were missing
  int64_t present = 0;    // stood there already, and stay as they are
  int64_t differing = 0;  // of those present: with another network's weights
};

// A study's rows, kept in an SQLite database (docs/studies.md has its tables), in WAL mode from the
// first run on: a row is in it, whole, from the moment add() returns, whatever happens to the
// process then.
class StudyResults {
 public:
  // Opens `file`, or makes it; empty: in memory. Throws InputError, in every function, when it is
  // no such database or cannot be written.
  explicit StudyResults(const std::string& file);
  ~StudyResults();

  // Begins a run: the rows added from now on are its.
  void begin(const RunRecord& run);
  // The run is done. A run that never says so was interrupted.
  void finish();

  // Takes the place of an older row of the same cell: data, imbalance, seed, method, treatment,
  // sparsity and settings.
  void add(const StudyRow& row);

  // Takes the rows of the database `file` whose cells are missing here, with the records of their
  // runs; all of them or, where one is damaged, none. `file` stays as it is.
  Merged merge(const std::string& file);

  // Whether there is a row for the cell.
  bool has(const StudyCell& cell) const;

  // The rows of those cells, in their order; cells without a row are left out.
  std::vector<StudyRow> of(const std::vector<StudyCell>& cells) const;

 private:
  std::unique_ptr<Database> database_;
  int64_t run_ = 0;  // none
};

// Every row of a database, in the order in which they came. Throws InputError when there is no such
// file or it is another's.
std::vector<StudyRow> study_rows(const std::string& file);

}  // namespace ncprune
