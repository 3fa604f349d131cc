#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ncprune/model/network.h"
#include "ncprune/report/page.h"
#include "ncprune/study/grid.h"
#include "ncprune/study/results.h"

namespace ncprune {

using NetworkVisitor = std::function<void(const StudyRow&, const Network&)>;

// How to run a grid.
struct StudyRun {
  std::string file;     // the grid's file, for the record
  std::string command;  // for the record
  // The database that keeps the rows; cells already in it are not run again. Empty: no database.
  std::string results;
  // The folder that keeps the dense networks as ONNX files; networks found there are not trained
  // again. Empty: no folder.
  std::string networks;
  // Processes on this machine that run cells in parallel, each with its share of the threads.
  int64_t jobs = 1;
  std::string tracker;   // where rows are logged too, as start_tracking() takes it
  NetworkVisitor visit;  // called with each network this process makes
  // The program and arguments that start one of these processes, which calls join_study().
  std::vector<std::string> worker;
};

// The amount of work of a run; without `how`, of the whole grid. Nothing is written. Throws
// InputError when the results file does not hold a study's results.
struct StudySize {
  int64_t networks;  // to train
  int64_t cells;     // to evaluate, the dense networks included
};
StudySize study_size(const Study& study, const StudyRun& how = {});

// The time and space of a run, extrapolated from a few training batches and test samples of each
// data set. The time for pruning itself is not included. Throws InputError as study_size().
struct StudyEstimate {
  double training_seconds;  // dense networks, and pruned networks that are trained further
  double evaluation_seconds;
  double bytes;                      // results and, if kept, dense networks
  std::vector<std::string> without;  // data sets not found, which are not included
};
StudyEstimate estimate(const Study& study, const StudyRun& how = {});

// Runs the cells of the grid that have no row yet and returns the rows of all cells, in the grid's
// order. Every cell is saved when it is done: a process killed at any moment loses only the cell it
// was running, and the next run continues from there. A dense network with missing cells is trained
// again unless it was kept; the same seed gives the same network. Training and statistics use only
// the training part, choices the validation part, and the rows the test set.
//
// Cells run in this process, or with `jobs` > 1 in that many worker processes. When a launcher
// (torchrun, mpirun, srun) started several ranks, cells run in the processes of all ranks: rank 0
// hands out the cells through a store and keeps the results, and the cells of a process that dies
// go to the others. Ranks other than 0 return no rows.
//
// Throws InputError as require_valid() does, on a results file that does not hold a study's
// results, and on a kept network that was trained with other settings.
std::vector<StudyRow> run_study(const Study& study, const StudyRun& how = {});

// Works for the run_study() of another process until that study is done; $NCPRUNE_STUDY says where
// to find the process. Throws InputError when it is not there.
void join_study();

// A table per data set and imbalance: balanced accuracy and minority recall, clean and noisy, as
// the mean over seeds, followed by the standard deviation when there are several; in percent.
std::vector<Table> summary_tables(const std::vector<StudyRow>& rows);

// A comparison of the methods: a table per data set, imbalance and sparsity, with a row per method
// and, per treatment, minority recall and balanced accuracy as the mean over seeds and half its
// 95 % interval (Student's t), in percent.
std::vector<Table> league_tables(const std::vector<StudyRow>& rows);

// Plots of balanced accuracy and, where there is a minority, its recall against sparsity, for the
// data set, imbalance and treatment of the first row: a line per method, the mean over seeds with
// its 95 % interval; the dense network's line is level. None for fewer than two sparsities.
std::vector<Figure> sparsity_curves(const std::vector<StudyRow>& rows);

// The study on one page: for every data set and imbalance, each method's result with the first
// treatment at the highest sparsity, the curves of every treatment and the league; then tests
// whether `reference`, or the method best on validation data if it is empty, is better than the
// others. `rows` come from `file`. Throws InputError as rankings() does.
Page study_page(const std::vector<StudyRow>& rows, const std::string& file,
                const std::string& reference = "");

}  // namespace ncprune
