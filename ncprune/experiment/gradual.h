#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/experiment/prepare.h"
#include "ncprune/prune/recipe.h"
#include "ncprune/train/train.h"

namespace ncprune {

// A schedule by which the sparsity rises over the steps, each followed by training; it also chooses
// the weights with which a step's training begins.
struct GradualSchedule {
  std::string name;
  std::string summary;
  std::string source;
  // The sparsity after the share `done` of the steps, in (0, 1]; at 1 it is `last`.
  double (*sparsity)(double first, double last, double done);
  bool rewinds;  // training begins at GradualOptions::early, else at the pruned weights
};

// cubic:     s = last + (first - last) (1 - done)^3: fast while many weights are redundant.
// iterative: the kept share falls geometrically, by the same factor in every step.
// rewind:    as iterative, but a step uses only the mask from pruning; the remaining weights, the
//            biases and all else return to an early checkpoint and are trained as the network was.
const std::vector<GradualSchedule>& gradual_schedules();

struct GradualOptions {
  std::string schedule = "iterative";  // gradual_schedules()
  int64_t steps = 5;                   // in [1, 1000]
  // The recipe of every step; it removes weights. The recipe's share applies to the last step.
  // BatchNormalization and head are treated once, after the last training; BatchNormalization only
  // if the recipe gives a treatment, since it was trained with the other parameters.
  Recipe recipe = {};
  TrainOptions train = {};            // after every step; zeros stay zero
  std::optional<Network> early = {};  // the checkpoint for "rewind"; the dense network's shapes
};

struct GradualStep {
  double sparsity;  // reached, over the prunable layers
  Epoch epoch;      // the chosen epoch; 0: as pruned, but never after rewinding
};

struct Gradual {
  Network network;
  std::vector<GradualStep> steps;
};

// Prunes in steps of growing sparsity, from the present sparsity of `network` to the requested one,
// and trains after each step. Every step measures its statistics anew and prunes the network of the
// step before; zeros stay zero. Training starts again in every step, with a new optimizer and the
// learning rate's schedule from its beginning. Statistics and training use data.train, the choice
// of the epoch data.validation.
//
// Throws InputError where prune() and train() would; when the network already has a higher
// sparsity; for a pattern N:M, which fixes the sparsity; and when "rewind" has no early network or
// one with other weights than `network`.
Gradual prune_gradually(const Network& network, const PreparedData& data,
                        const GradualOptions& options);

}  // namespace ncprune
