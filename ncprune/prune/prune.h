#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/model/cost.h"
#include "ncprune/prune/calibration.h"
#include "ncprune/prune/recipe.h"

namespace ncprune {

// The effect of pruning on one layer.
struct PrunedLayer {
  std::string name;
  int64_t before;      // weights, or units if units are removed
  int64_t kept;        // of those; the groups of a convolution count together
  std::string reason;  // why no unit can be removed; empty if units can be
};

// How the network shrank when units were removed.
struct Shrinkage {
  Network masked;  // the same function at the dense network's size, before the finish
  NetworkCost before;
  NetworkCost after;
  // The largest difference between the class scores of `masked` and of the smaller network on
  // calibration and on random inputs, relative to the largest score; every pruning measures it.
  double difference;
};

struct Pruned {
  Network network;  // its metadata hold `recipe` (kRecipeEntry)
  Recipe recipe;    // the one carried out, as resolved() returns it
  // The decision, which apply() takes: bool [m, d] per prunable layer, true where a weight stays;
  // or, if units are removed, int64 indices of the kept units, ascending, per layer of
  // unit_layers().
  std::vector<at::Tensor> kept;
  std::vector<PrunedLayer> layers;
  double removed;  // the share reached, in [0, 1]: of weights, of multiply-adds, or of parameters
  std::optional<Shrinkage> shrinkage = {};  // if units were removed
};

// Prunes the calibration's network.
//
// Weights: the criterion scores all weights and the allocation sets a count per layer. Then, from
// the input to the output, every layer is masked and repaired on the activations of the part
// already pruned. A method with several rounds masks in each round, with new scores and a kept
// share that falls geometrically, and repairs after the last round.
//
// Units (neurons, channels): units that must be removed together form a group (units.h). From the
// input to the output, every layer loses units of the groups that it reads; they are chosen at the
// first such layer. Without a search these are the units whose rows score least, averaged over the
// layers that make them; with a search, the units that remove_units() removes in the search's
// metric on the activations of the part already pruned. Then the layer is repaired on the remaining
// inputs. Removing a unit equals zeroing its columns in the reading layers. Every group keeps at
// least one. A solver that merges units (unit_merging.h) chooses them all before the first layer,
// and the layers are masked and repaired with the merged weights.
//
// A method with several sweeps (method.h) goes over the layers again. Then the network is finished
// (finish.h). The result shares unchanged tensors with the dense network. Throws InputError where
// require_valid() does and when nothing can be removed; std::logic_error when the smaller network
// differs from the masked one by more than 1e-5.
Pruned prune(Calibration& calibration, const Recipe& recipe);

// Prunes `dense` with a calibration made for this one recipe.
Pruned prune(const Network& dense, const Dataset& data, const Recipe& recipe);

// Carries out a decision made earlier, here or elsewhere: `kept` has the form of Pruned::kept.
// Repairs and finishes as the recipe says. Throws InputError as prune(), when `kept` does not fit
// the network, and for the repair "own" of weights, which only a solver has.
Pruned apply(const Network& dense, const std::vector<at::Tensor>& kept, const Dataset& data,
             const Recipe& recipe);

}  // namespace ncprune
