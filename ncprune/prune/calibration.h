#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"
#include "ncprune/prune/recipe.h"

namespace ncprune {

// A network, its calibration set, and what pruning needs to have measured about both. Everything is
// measured when it is first asked for and kept, so that one calibration serves many recipes. Scores
// are taken from a few layers at a time, whose moments are freed then. Shares the tensors of the
// network and the data it was made of; neither may change afterwards. Not for several threads.
class Calibration {
 public:
  Calibration(Network network, Dataset data);

  const Network& network() const { return network_; }
  const Dataset& data() const { return data_; }

  // Measures what scores() and row_weights() of these recipes need, in as few passes as possible.
  void measure(const std::vector<Recipe>& recipes);

  // The score of every weight of the prunable layers by the recipe's criterion, [m, d] each,
  // double; the smallest go first. A weight that is zero already scores lowest. All zero for a
  // recipe that does not look at scores: a solver with an allocation by the layers' shapes.
  const std::vector<at::Tensor>& scores(const Recipe& recipe);

  // What the error of each row of the prunable layers weighs in the recipe's search, double [m]:
  // output_weights() for a class-aware search, else 1.
  const std::vector<at::Tensor>& row_weights(const Recipe& recipe);

 private:
  struct Scores {
    std::string criterion;  // empty: all zero
    MetricOptions metric;
    uint64_t seed;
    std::vector<at::Tensor> layers;
  };
  struct RowWeights {
    bool class_aware;
    double balance;
    std::vector<at::Tensor> layers;
  };
  std::list<Scores>::iterator find(const Scores& wanted);
  void measure_together(const std::vector<Scores*>& wanted) const;

  Network network_;
  Dataset data_;
  std::list<Scores> scores_;
  std::list<RowWeights> row_weights_;
};

}  // namespace ncprune
