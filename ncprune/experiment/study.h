#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ncprune/experiment/prepare.h"
#include "ncprune/prune/prune.h"
#include "ncprune/report/class_report.h"
#include "ncprune/report/page.h"
#include "ncprune/train/train.h"

namespace ncprune {

// A grid of questions: every data set x imbalance x seed gets one dense network, and every dense
// network is pruned by every method x repair x head x sparsity. Read from TOML by the names of the
// fields, [train] and [finetune] holding those of TrainOptions, [metric] those of MetricOptions.
struct Study {
  std::vector<std::string> data{"fashion-mnist"};
  std::string data_root;
  std::vector<std::string> imbalance{"classes:1,2,3@0.01"};
  std::string architecture = "mlp:1000,200?bias=false";
  std::vector<int64_t> seeds{0};
  std::vector<std::string> methods{"magnitude", "wanda", "nc-gradient", "surgeon"};
  // "REPAIR/HEAD[/BATCHNORM[/finetune]]": the repair "method" is the method's own; else it, the
  // head and what becomes of BatchNormalization ("keep" if not said) are named as in PruneOptions;
  // "finetune" trains what was made of it further, as `finetune` says, zeros staying zero.
  std::vector<std::string> treatments{"method/keep"};
  std::vector<double> sparsities{0.9};
  double validation = 0.25;
  // What the sparsities are a share of: "weights", set to zero; or of the "units", "parameters" or
  // "macs", removed for real (PruneOptions::budget).
  std::string remove = "weights";
  double noise = 0.2;  // standard deviation of the noise on the test inputs; 0: clean only
  TrainOptions train;
  TrainOptions finetune;
  MetricOptions metric;
};

// Throws InputError (file and line, or key) on unknown keys, wrong types and unknown names.
Study read_study(const std::string& path);

// One cell. The dense network is method "dense", repair "none", sparsity 0.
struct StudyRow {
  std::string data;
  std::string imbalance;
  int64_t seed = 0;
  std::string method;
  std::string treatment;  // as the study has it
  std::string repair;
  std::string head;
  std::string batch_norm = "keep";
  bool finetuned = false;
  double sparsity = 0;          // asked for
  std::string settings = "{}";  // what else it depends on: see study_settings()
  double reached = 0;
  double seconds = 0;  // of the pruning
  ModelResult result;
  ClassInfo classes;
};

// What all rows of a study have in common and its results file must tell apart: architecture, what
// is removed, validation share, noise, training, further training and metric, as compact JSON.
std::string study_settings(const Study& study);

// What the dense networks of a study depend on beside data, imbalance and seed, as compact JSON.
std::string training_settings(const Study& study);

using NetworkVisitor = std::function<void(const StudyRow&, const Network&)>;

// How much there is to do.
struct StudySize {
  int64_t networks;  // to train
  int64_t cells;     // to evaluate, the dense networks included
};
StudySize study_size(const Study& study);

// Throws the InputError that run_study() would for a name or value in the grid.
void require_valid(const Study& study);

// What to do of a grid, and what to do with it.
struct StudyRun {
  NetworkVisitor visit;  // called with every network that is made
  // A file the rows are kept in, a JSON object a line; cells that stand in it are not run again.
  // Empty: none is kept.
  std::string results;
  // A folder the dense networks are kept in, as ONNX, and read from instead of being trained again.
  // Empty: none is.
  std::string networks;
  int64_t part = 1;  // this part of so many: every parts-th dense network
  int64_t parts = 1;
};

// Runs the cells of the grid that have no row yet and gives the rows of all, in the grid's order.
// What is done is saved after every method and sparsity. A dense network some of whose cells are
// missing is trained again, if it was not kept: the same seed gives the same network. Training and
// statistics see the training part only, the rows the test set. Throws InputError as
// require_valid() does, on a results file that is not one, naming the line, and on a kept network
// that was trained otherwise.
std::vector<StudyRow> run_study(const Study& study, const StudyRun& how = {});

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

// The study on one page: for every data set and imbalance what is left of every method at the
// highest sparsity, the curves of every treatment and the league. `rows` are those of `study`,
// which `file` holds.
Page study_page(const Study& study, const std::vector<StudyRow>& rows, const std::string& file);

Json row_json(const StudyRow& row);

// {"rows": [...]}, shares in [0, 1]; see docs/results.md.
Json rows_json(const std::vector<StudyRow>& rows);

}  // namespace ncprune
