#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/stats/statistics.h"

namespace ncprune {

// One layer as a criterion sees it.
struct ScoreInput {
  at::Tensor weight;                             // [m, d], double
  const LayerStatistics& statistics;             // those that the criterion needs
  const std::map<std::string, double>& options;  // all options of the criterion
  Random& random;                                // a stream of the layer
};

// A pruning criterion is only a score: the smallest scores are removed first. Allocation, pattern
// and repair do not depend on where the scores come from. Every file in criteria/ is one criterion,
// named by the file.
struct Criterion {
  std::string name;  // of small letters, digits and dashes; those in criteria/ get their file's
  std::string summary;
  std::string source;  // author, year
  std::set<Statistic> needs = {};
  std::map<std::string, double> options = {};  // names and defaults
  // All weights of a neuron have the same score, so that they are removed together.
  bool whole_neurons = false;
  // If weights are scaled by a and the statistics are unchanged, the score is scaled by a^degree;
  // empty if no such law holds.
  std::optional<int> degree = {};
  // Scores [m, d], double, of either sign; comparable between layers if the criterion intends it.
  std::function<at::Tensor(const ScoreInput&)> score = {};
};

const std::vector<Criterion>& criteria();

// Adds a criterion of your own, which recipes then name like the others. Not thread-safe: call it
// before anything is pruned. Throws InputError when the name is taken, is not of small letters,
// digits and dashes, or the score is missing.
void add_criterion(Criterion criterion);

// The criterion for "NAME" or "NAME?OPTION=NUMBER,..." with its options set. Throws InputError on
// an unknown name or option, or a value that is not a finite number.
Criterion find_criterion(const std::string& spec);

// Expands one score per neuron [m] to one per weight [m, d].
at::Tensor whole_neurons(const at::Tensor& scores, const ScoreInput& layer);

// Selects from per-class values [K, ...] those of classes with samples.
at::Tensor present_classes(const at::Tensor& values, const LayerStatistics& statistics);

// Class means of the activation minus the mean of the class means, [K, m], for classes with
// samples.
at::Tensor centred_means(const LayerStatistics& statistics);

}  // namespace ncprune
