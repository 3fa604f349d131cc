#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ncprune/prune/method.h"
#include "ncprune/stats/statistics.h"

namespace ncprune {

struct PruneOptions {
  Method method;  // the parts, by name; take one of methods() and change what is to differ
  // Share of the prunable weights (every fully connected layer but the head) to set to zero; [0,
  // 1).
  double sparsity = 0.9;
  std::string head = "keep";  // head_treatments()
  MetricOptions metric = {};
  uint64_t seed = 0;  // for criteria that draw
};

struct LayerSparsity {
  std::string name;
  int64_t weights;  // in the layer
  int64_t kept;     // not zero afterwards
};

struct Pruned {
  Network network;
  std::vector<LayerSparsity> layers;
  double sparsity;  // reached, over all of `layers`
};

// The statistics `method`'s criterion needs, measured on the dense network. To be measured once and
// used for many sparsities.
std::vector<LayerStatistics> measure_for(const std::vector<Method>& methods, const Network& dense,
                                         const Dataset& calibration, const MetricOptions& options);

// Prunes in one shot: scores, counts per layer, then from the input to the output the mask and the
// repair of each layer on the activations of the part already pruned, then the head. `calibration`
// is training data; `statistics` come from measure_for with the same network, data and options. The
// result shares with `dense` the tensors that did not change. Throws InputError on unknown names, a
// sparsity outside [0, 1) or parts that do not go together.
struct Calibration {
  const Dataset& data;
  const std::vector<LayerStatistics>& statistics;
};
Pruned prune(const Network& dense, const Calibration& calibration, const PruneOptions& options);

// Throws the InputError that prune() would, before any work is done.
void require_valid(const PruneOptions& options);

}  // namespace ncprune
