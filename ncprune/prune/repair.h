#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/prune/layer_update.h"

namespace ncprune {

// A layer to repair, with the mask of its remaining weights.
struct RepairTask {
  const Network& dense;
  const Dataset& data;
  const Layer& layer;
  at::Tensor weight;  // to be masked, [m, d]: the dense one, unless units were merged
  at::Tensor mask;    // bool [m, d], true where a weight stays
  // Measures the layer on the present activations of the pruned network.
  std::function<LayerMoments()> moments;
  MeanSource means;
  double damping;         // see MetricOptions
  bool searched = false;  // a search chose the mask, in the metric of `moments`
};

// A way to compensate for the removed weights of a layer. An entry is a file of repairs/.
struct Repair {
  std::string name = {};  // the file's
  std::string summary;
  std::string source;
  // Writes the masked and repaired weight into the layer of `network`, whose weight must still be
  // `task.weight`.
  void (*apply)(Network& network, const RepairTask& task);
  bool reads_moments = false;
  bool exact = false;  // the weights become least_squares() on the mask
  // The metric of `moments` and `means`, one of search_metrics(). Empty: that of the recipe, or for
  // a repair of a search that of the search.
  std::string metric = {};
  // Takes the weights that a search found unchanged; masks from elsewhere cannot use this repair.
  bool of_search = false;
};

const std::vector<Repair>& repairs();

// Those of repairs() that masks from elsewhere can have.
std::vector<Repair> repairs_of_given_masks();

}  // namespace ncprune
