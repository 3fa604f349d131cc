#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/model/cost.h"
#include "ncprune/prune/calibration.h"
#include "ncprune/prune/recipe.h"

namespace ncprune {

// What one layer lost.
struct PrunedLayer {
  std::string name;
  int64_t before;      // weights, or units where units leave
  int64_t kept;        // of those; the groups of a convolution count together
  std::string reason;  // why all units stay, where they cannot leave; else empty
};

// How the network shrank when units left it.
struct Shrinkage {
  Network masked;  // the same function at the dense network's size, before the finish
  NetworkCost before;
  NetworkCost after;
  // The largest difference between the class scores of `masked` and of the smaller network on
  // calibration and on random inputs, relative to the largest score; measured on every run.
  double difference;
};

struct Pruned {
  Network network;  // its metadata hold `recipe` (kRecipeEntry)
  Recipe recipe;    // what was carried out; nothing is left to the method
  // The decision, which apply() takes: bool [m, d] per prunable layer, true where a weight stays;
  // or, where units leave, int64 indices of those that stay, ascending, per layer of unit_layers().
  std::vector<at::Tensor> kept;
  std::vector<PrunedLayer> layers;
  double removed;  // the share reached, in [0, 1]: of weights, of multiply-adds, or of parameters
  std::optional<Shrinkage> shrinkage = {};  // where units left
};

// Prunes the calibration's network.
//
// Weights: scores, counts per layer, then from the input to the output the mask and the repair of
// each layer on the activations of the part already pruned. A method of several rounds masks as
// often, the kept share falling geometrically and the scores measured anew, and repairs after the
// last round.
//
// Units (neurons, channels) leave in whole groups of what must go together (units.h). From the
// input to the output, every layer loses the units of the groups it reads: without a search those
// whose rows score least, on the average over the layers that make them; else those remove_units()
// takes, in the search's metric, on the activations of the part already pruned; chosen at the first
// layer that reads them. Then the layer is repaired on the remaining inputs. Removing a unit does
// what zeroing its columns in the reading layers does. Every group keeps at least one unit.
//
// Then BatchNormalization and the head are treated (finish.h). The result shares with the dense
// network the tensors that did not change. Throws InputError where require_valid() does and when
// nothing can be removed; std::logic_error when the smaller network differs from the masked one by
// more than 1e-5.
Pruned prune(Calibration& calibration, const Recipe& recipe);

// The same for a single recipe.
Pruned prune(const Network& dense, const Dataset& data, const Recipe& recipe);

// Carries out a decision that was made before, whoever made it: `kept` as Pruned has it. Repairs
// and finishes as the recipe says. Throws InputError where prune() would, when `kept` does not fit
// the network, and for the repair "own" of weights, which only a solver has.
Pruned apply(const Network& dense, const std::vector<at::Tensor>& kept, const Dataset& data,
             const Recipe& recipe);

}  // namespace ncprune
