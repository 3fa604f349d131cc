#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/stats/statistics.h"

namespace ncprune {

// One layer as a criterion sees it.
struct ScoreInput {
  at::Tensor weight;           // [m, d], double
  LayerStatistics statistics;  // what the criterion asked for
  Random& random;              // the layer's own stream
};

// A pruning criterion is only a score: the smallest go first. How much goes from where, in which
// pattern, and what repairs the rest never learn where the scores came from. Every file in
// criteria/ is one criterion, named by the file.
struct Criterion {
  std::string name;  // set from the file's name
  std::string summary;
  std::string source;  // author, year
  std::set<Statistic> needs;
  // The scores of a whole neuron's weights are equal: it goes or stays as one.
  bool whole_neurons = false;
  // Nonnegative scores [m, d], double, comparable between layers where the criterion means to be.
  std::function<at::Tensor(const ScoreInput&)> score;
};

const std::vector<Criterion>& criteria();

}  // namespace ncprune
