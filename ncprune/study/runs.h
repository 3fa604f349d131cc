#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ncprune {

class Database;

// One run of a study, for the record.
struct RunRecord {
  std::string grid;     // the file's name
  std::string command;  // empty: not said
  std::string settings;
  int64_t cells = 0;  // that it is to run
  int64_t jobs = 1;
};

// Records that a run begins; gives its id.
int64_t begin_run(const Database& database, const RunRecord& run);

// Records that the run is done. A run that never says so was interrupted.
void finish_run(const Database& database, int64_t id);

// The id in `into` of the run `id` of `from`, which is added if it is missing and brought up to
// date if it is there; 0, no run, where `from` has no record of it.
int64_t copied_run(const Database& into, const Database& from, int64_t id);

// How a run is doing.
struct RunStatus {
  std::string grid;
  std::string command;
  std::string host;
  std::string version;
  std::string started;  // UTC, as in 2026-01-31 12:00:00
  std::string state;    // "running", "done" or "interrupted"
  int64_t jobs;
  int64_t cells;     // to run
  int64_t done;      // of those
  double seconds;    // from its start to its last row
  std::string last;  // the last cell: data, imbalance, seed, method, treatment, sparsity
};

// Of every run in a database of study results, the latest last. Throws InputError when there is no
// such file or it is another's. "Running" is told by the process where it ran on this machine, else
// by a row within the last ten minutes.
std::vector<RunStatus> study_status(const std::string& file);

}  // namespace ncprune
