#pragma once

#include <string>
#include <vector>

#include "ncprune/model/cost.h"
#include "ncprune/model/units.h"
#include "ncprune/prune/prune.h"

namespace ncprune {

struct LayerUnits {
  std::string name;
  int64_t units;       // before
  at::Tensor kept;     // int64, ascending
  std::string reason;  // why all of them stay, where they cannot go
};

struct UnitsPruned {
  Network network;  // smaller tensors
  Network masked;   // the same function at the old size, before the head was treated
  std::vector<LayerUnits> layers;
  NetworkCost before;
  NetworkCost after;
  // The largest difference between the class scores of `masked` and of the smaller network on
  // calibration and on random inputs, relative to the largest score; measured on every run.
  double difference;
  Finish finish;
};

// Removes units (neurons, channels) for real, whole groups of what must go together (units.h). From
// the input to the output, every layer loses the units of the groups it reads:
//   solver "score": those whose rows score least, on the average over the layers that make them;
//   solver "admm":  those remove_units() takes, in the solver's metric, on the activations of the
//                   part already pruned;
// chosen at the first layer that reads them; then the layer is repaired on the inputs left to it,
// the head like every other. Removing a unit is what zeroing its columns in the reading layers
// does. How many go from where is said by `options.budget`; every group keeps at least one. Throws
// InputError where prune() would, for methods that remove single weights, and when no layer has
// units that can go; std::logic_error when the smaller network differs from the masked one by more
// than 1e-5.
UnitsPruned prune_units(const Network& dense, const Calibration& calibration,
                        const PruneOptions& options);

// The same from the choice on, whoever made it: `kept` holds int64 indices, ascending, for every
// layer of unit_layers(), in its order. Throws InputError when they do not fit.
UnitsPruned apply_units(const Network& dense, const std::vector<at::Tensor>& kept,
                        const Calibration& calibration, const PruneOptions& options);

}  // namespace ncprune
