#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ncprune/prune/recipe.h"
#include "ncprune/study/row.h"
#include "ncprune/train/loss.h"
#include "ncprune/train/train.h"

namespace ncprune {

// A grid of cells: one dense network per data set x imbalance x seed, each pruned by every
// method x treatment x sparsity. In TOML the keys are the names of the fields; [train] and
// [finetune] hold the fields of TrainOptions, [metric] those of MetricOptions.
struct Study {
  std::vector<std::string> data{"fashion-mnist"};
  std::string data_root;
  std::vector<std::string> imbalance{"classes:1,2,3@0.01"};
  std::string architecture = "mlp:1000,200?bias=false";
  std::vector<uint64_t> seeds{0};
  std::vector<std::string> methods{"magnitude", "wanda", "nc-gradient", "surgeon"};
  // "REPAIR/HEAD[/FINISH[/finetune]]": the repair "method" is the method's own repair. Other
  // repairs, the head's treatment and the finish (default "keep") are named as in Recipe.
  // "finetune" trains the resulting network as `finetune` says; zeros stay zero.
  std::vector<std::string> treatments{"method/keep"};
  std::vector<double> sparsities{0.9};
  double validation = 0.25;
  // The parts that the sparsities are a share of (Recipe::remove).
  std::string remove = "weights";
  // The pattern (pattern.h) of every method's mask, as "2:4"; empty: each method's own.
  std::string pattern;
  double noise = 0.2;  // standard deviation of the noise on the test inputs; 0: clean only
  TrainOptions train;
  TrainOptions finetune{.loss = kLossAfterPruning};
  MetricOptions metric;
  std::string text;  // the TOML source
};

// Throws InputError (file and line, or key) on unknown keys and wrong types.
Study read_study(const std::string& path);

// Reads a study from TOML `text`, which messages call `where`. Throws as read_study().
Study parse_study(const std::string& text, const std::string& where);

// Throws the InputError that run_study() would throw for a name or value in the grid.
void require_valid(const Study& study);

// The method called `name`, with the grid's pattern. Throws InputError.
Method method_of(const Study& study, const std::string& name);

// The settings that all rows of a study share and that distinguish studies in one database, as
// compact JSON: architecture, parts removed, pattern, validation share, noise, training, further
// training and metric.
std::string study_settings(const Study& study);

// The settings besides data, imbalance and seed on which the dense networks depend, as compact
// JSON.
std::string training_settings(const Study& study);

// Cells of one dense network that differ only in the treatment.
using CellGroup = std::vector<StudyCell>;

// The cells of one dense network; the dense network's own cell is first.
struct NetworkCells {
  StudyCell network;  // identifies the network: data, imbalance, seed and settings
  std::vector<CellGroup> groups;
};

// The cells of the grid, in its order.
std::vector<NetworkCells> cells_of(const Study& study);

}  // namespace ncprune
