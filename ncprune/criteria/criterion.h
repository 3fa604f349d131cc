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
  const LayerStatistics& statistics;             // what the criterion asked for
  const std::map<std::string, double>& options;  // all of the criterion's
  Random& random;                                // the layer's own stream
};

// A pruning criterion is only a score: the smallest go first. How much goes from where, in which
// pattern, and what repairs the rest never learn where the scores came from. Every file in
// criteria/ is one criterion, named by the file.
struct Criterion {
  std::string name;  // set from the file's name
  std::string summary;
  std::string source;  // author, year
  std::set<Statistic> needs;
  std::map<std::string, double> options = {};  // with their defaults
  // The scores of a whole neuron's weights are equal: it goes or stays as one.
  bool whole_neurons = false;
  // The score of weights a times as large, the statistics as they were, is a^degree times the
  // score; none where no such law holds.
  std::optional<int> degree = {};
  // Scores [m, d], double, of either sign; comparable between layers where the criterion means to
  // be.
  std::function<at::Tensor(const ScoreInput&)> score;
};

const std::vector<Criterion>& criteria();

// The criterion of "NAME" or "NAME?OPTION=NUMBER,...", its options set. Throws InputError on an
// unknown name or option, or a value that is not a finite number.
Criterion find_criterion(const std::string& spec);

// One score per neuron [m] as one per weight [m, d].
at::Tensor whole_neurons(const at::Tensor& scores, const ScoreInput& layer);

// Of per-class values [K, ...] those of classes that have samples.
at::Tensor present_classes(const at::Tensor& values, const LayerStatistics& statistics);

// Class means of the activation around the mean of the class means, [K, m], of classes that have
// samples.
at::Tensor centred_means(const LayerStatistics& statistics);

}  // namespace ncprune
