#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ncprune/prune/finish.h"
#include "ncprune/prune/options.h"
#include "ncprune/prune/scoring.h"
#include "ncprune/prune/sparsity.h"

namespace ncprune {

struct Pruned {
  Network network;
  std::vector<at::Tensor> masks;  // bool [m, d] per prunable layer: true where a weight stays
  std::vector<LayerSparsity> layers;
  double sparsity;  // reached, over all of `layers`
  Finish finish = {};
};

// The training data, and what measure_for found in them by the same network and options.
struct Calibration {
  const Dataset& data;
  const std::vector<LayerStatistics>& statistics;
};

// Sets weights to zero: scores, counts per layer, then from the input to the output the mask and
// the repair of each layer on the activations of the part already pruned, then the head. A method
// of several rounds masks as often, the kept share falling geometrically and the scores measured
// anew on what is left, and repairs after the last. The result shares with `dense` the tensors that
// did not change. Throws InputError on unknown names, a sparsity outside [0, 1) or parts that do
// not go together.
Pruned prune(const Network& dense, const Calibration& calibration, const PruneOptions& options);

// The same from the masks on, whoever chose them: layer by layer the mask and the method's repair,
// then the head. Throws InputError where prune() would, when the masks do not fit the network, and
// for the repair "own", which only a solver has.
Pruned apply_masks(const Network& dense, const std::vector<at::Tensor>& masks,
                   const Calibration& calibration, const PruneOptions& options);

}  // namespace ncprune
