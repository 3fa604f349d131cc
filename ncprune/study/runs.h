#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ncprune {

class Database;

// One run of a study, for the record.
struct RunRecord {
  std::string grid;     // the file's name
  std::string command;  // empty: not given
  std::string settings;
  int64_t cells = 0;  // the number to run
  int64_t jobs = 1;
};

// Records that a run begins; returns its id.
int64_t begin_run(const Database& database, const RunRecord& run);

// Records that the run is done. A run without this record was interrupted.
void finish_run(const Database& database, int64_t id);

// Copies the record of run `id` from `from` to `into`, where it is added or updated, and returns
// its id there; returns 0 (no run) when `from` has no record of it.
int64_t copied_run(const Database& into, const Database& from, int64_t id);

// The progress of a run.
struct RunStatus {
  std::string grid;
  std::string command;
  std::string host;
  std::string version;
  std::string started;  // UTC, as in 2026-01-31 12:00:00
  std::string state;    // "running", "done" or "interrupted"
  int64_t jobs;
  int64_t cells;     // to run
  int64_t done;      // of the cells
  double seconds;    // from the start of the run to its last row
  std::string last;  // the last cell: data, imbalance, seed, method, treatment, sparsity
};

// The status of every run in a database of study results, the latest last. A run on this machine is
// "running" while its process exists, other runs if a row came within the last ten minutes. Throws
// InputError when there is no such file or it is another program's.
std::vector<RunStatus> study_status(const std::string& file);

}  // namespace ncprune
