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

// What to do with a grid.
struct StudyRun {
  std::string file;     // the grid's, for the record
  std::string command;  // for the record
  // The database the rows are kept in; cells that stand in it are not run again. Empty: none is.
  std::string results;
  // A folder the dense networks are kept in, as ONNX, and read from instead of being trained again.
  // Empty: none is.
  std::string networks;
  // Processes on this machine that run cells beside each other, each with its share of the threads.
  int64_t jobs = 1;
  std::string tracker;   // where every row is logged as well, as start_tracking() takes it
  NetworkVisitor visit;  // called with every network that this process makes
  // How such a process is started: the program and arguments with which join_study() is called.
  std::vector<std::string> worker;
};

// How much a run has to do; without `how` the whole grid. Nothing is written. Throws InputError on
// a results file that is not one.
struct StudySize {
  int64_t networks;  // to train
  int64_t cells;     // to evaluate, the dense networks included
};
StudySize study_size(const Study& study, const StudyRun& how = {});

// What that will take, from a probe of a few training batches and test samples of each data set;
// pruning itself is not in it. Throws InputError as study_size().
struct StudyEstimate {
  double training_seconds;  // of the dense networks, and of pruned ones that are trained further
  double evaluation_seconds;
  double bytes;                      // of results and, where they are kept, dense networks
  std::vector<std::string> without;  // data sets that are not here, and are not in it
};
StudyEstimate estimate(const Study& study, const StudyRun& how = {});

// Runs the cells of the grid that have no row yet and gives the rows of all, in the grid's order.
// Every cell is saved when it is done: a process killed at any moment loses what it was at, and the
// next run goes on from there. A dense network some of whose cells are missing is trained again, if
// it was not kept: the same seed gives the same network. Training and statistics see the training
// part only, choices the validation part, the rows the test set.
//
// Cells run in this process; with `jobs` > 1 in as many of their own, and where a launcher
// (torchrun, mpirun, srun) started several ranks, in those of all ranks: rank 0 hands out the cells
// through a store and keeps the results, the cells of a process that dies go to the others. Ranks
// other than 0 return no rows.
//
// Throws InputError as require_valid() does, on a results file that is not one, and on a kept
// network that was trained otherwise.
std::vector<StudyRow> run_study(const Study& study, const StudyRun& how = {});

// Works for the run_study() of another process until it has no more to do; $NCPRUNE_STUDY says
// where to find it. Throws InputError when it is not there.
void join_study();

// A table per data set and imbalance: mean over seeds of balanced accuracy and minority recall,
// clean and noisy, with the standard deviation behind it when there are several seeds; in percent.
std::vector<Table> summary_tables(const std::vector<StudyRow>& rows);

// How the methods compare: a table per data set, imbalance and sparsity, a row per method and, per
// treatment, minority recall and balanced accuracy: the mean over seeds and half its 95 % interval
// (Student's t), in percent.
std::vector<Table> league_tables(const std::vector<StudyRow>& rows);

// Balanced accuracy and, where there is a minority, its recall against sparsity, of the first row's
// data set, imbalance and treatment: a line per method, the mean over seeds with its 95 % interval;
// the dense network's is level. None for fewer than two sparsities.
std::vector<Figure> sparsity_curves(const std::vector<StudyRow>& rows);

// The study on one page: for every data set and imbalance what its first treatment leaves of
// every method at the highest sparsity, the curves of every treatment and the league; then how sure
// it is that the method best on validation data, or `reference` if it is given, is better than the
// others. `rows` come from `file`. Throws InputError as rankings() does.
Page study_page(const std::vector<StudyRow>& rows, const std::string& file,
                const std::string& reference = "");

}  // namespace ncprune
