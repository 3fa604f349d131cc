#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ncprune/prune/recipe.h"
#include "ncprune/study/row.h"
#include "ncprune/train/train.h"

namespace ncprune {

// A grid of questions: every data set x imbalance x seed gets one dense network, and every dense
// network is pruned by every method x treatment x sparsity. Read from TOML by the names of the
// fields, [train] and [finetune] holding those of TrainOptions, [metric] those of MetricOptions.
struct Study {
  std::vector<std::string> data{"fashion-mnist"};
  std::string data_root;
  std::vector<std::string> imbalance{"classes:1,2,3@0.01"};
  std::string architecture = "mlp:1000,200?bias=false";
  std::vector<uint64_t> seeds{0};
  std::vector<std::string> methods{"magnitude", "wanda", "nc-gradient", "surgeon"};
  // "REPAIR/HEAD[/BATCHNORM[/finetune]]": the repair "method" is the method's own; else it, the
  // head and what becomes of BatchNormalization ("keep" if not said) are named as in Recipe;
  // "finetune" trains what was made of it further, as `finetune` says, zeros staying zero.
  std::vector<std::string> treatments{"method/keep"};
  std::vector<double> sparsities{0.9};
  double validation = 0.25;
  // What the sparsities are a share of (Recipe::remove).
  std::string remove = "weights";
  double noise = 0.2;  // standard deviation of the noise on the test inputs; 0: clean only
  TrainOptions train;
  TrainOptions finetune;
  MetricOptions metric;
  std::string text;  // the TOML it was read from
};

// Throws InputError (file and line, or key) on unknown keys and wrong types.
Study read_study(const std::string& path);

// The same from `text`; `where` names it in messages.
Study parse_study(const std::string& text, const std::string& where);

// Throws the InputError that run_study() would for a name or value in the grid.
void require_valid(const Study& study);

// The study's metric, with the kappa that is usual for its architecture where none is given.
MetricOptions metric_of(const Study& study);

// What all rows of a study have in common and its results must tell apart: architecture, what is
// removed, validation share, noise, training, further training and metric, as compact JSON.
std::string study_settings(const Study& study);

// What the dense networks of a study depend on beside data, imbalance and seed, as compact JSON.
std::string training_settings(const Study& study);

// The cells of one dense network that differ by nothing but the treatment.
using CellGroup = std::vector<StudyCell>;

// The cells of one dense network: its own first.
struct NetworkCells {
  StudyCell network;  // says which: data, imbalance, seed and settings
  std::vector<CellGroup> groups;
};

// The grid's cells in its order.
std::vector<NetworkCells> cells_of(const Study& study);

}  // namespace ncprune
