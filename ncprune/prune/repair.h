#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/prune/layer_update.h"

namespace ncprune {

// One layer whose remaining weights were chosen.
struct RepairTask {
  const Layer& layer;
  at::Tensor weight;  // dense [m, d]
  at::Tensor mask;    // bool [m, d], true where a weight stays
  // Measures the layer on the activations that the pruned network has now.
  std::function<LayerMoments()> moments;
  MeanSource means;
  double damping;         // see MetricOptions
  bool searched = false;  // a search chose the mask, in the metric of `moments`
};

// A way to make good for the removed weights of a layer. Each entry is a file in repairs/.
struct Repair {
  std::string name = {};  // the file's
  std::string summary;
  std::string source;
  // Puts the masked weight, repaired, into the layer of `network`, whose weight must still be the
  // dense one.
  void (*apply)(Network& network, const RepairTask& task);
  bool reads_moments = false;
  // The weights that a search leaves are taken as they are; masks from elsewhere cannot have it.
  bool of_search = false;
};

const std::vector<Repair>& repairs();

}  // namespace ncprune
