#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"
#include "ncprune/prune/recipe.h"

namespace ncprune {

// A network, its calibration set, and the measurements that pruning needs. Every measurement is
// made on first use and then kept, so that one calibration serves many recipes. Layers are scored a
// few at a time, and their moments are freed afterwards. Shares the tensors of the network and the
// data it was made from; neither may change afterwards. Not thread-safe.
class Calibration {
 public:
  Calibration(Network network, Dataset data);

  const Network& network() const { return network_; }
  const Dataset& data() const { return data_; }

  // Measures what scores() and row_weights() of these recipes need, in as few passes as possible.
  // Like them, throws InputError on unknown parts and as measure_statistics(), and then keeps
  // nothing of the failed measurement.
  void measure(const std::vector<Recipe>& recipes);

  // The score of every weight of the prunable layers by the recipe's criterion, [m, d] each,
  // double; the smallest are removed first. Weights that are already zero score lowest. All scores
  // are zero for a recipe that reads none: a solver with an allocation by the layers' shapes.
  const std::vector<at::Tensor>& scores(const Recipe& recipe);

  // The weight of each row's error in the recipe's search, for every prunable layer, double [m]:
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
