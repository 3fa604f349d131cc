#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/experiment/prepare.h"
#include "ncprune/prune/recipe.h"
#include "ncprune/train/train.h"

namespace ncprune {

// How the sparsity rises over the steps, training after each, and with which weights a step's
// training begins.
struct GradualSchedule {
  std::string name;
  std::string summary;
  std::string source;
  // The sparsity when `done` of the steps are done, in (0, 1]: at 1 it is `last`.
  double (*sparsity)(double first, double last, double done);
  bool rewinds;  // to GradualOptions::early, else it goes on from the pruned weights
};

// cubic:     s = last + (first - last) (1 - done)^3: fast while much is redundant.
// iterative: the kept share falls geometrically, by the same factor in every step.
// rewind:    as iterative, but a step takes only its mask from the pruning; the weights left, the
//            biases and all else go back to an early checkpoint and are trained as the network was.
const std::vector<GradualSchedule>& gradual_schedules();

struct GradualOptions {
  std::string schedule = "iterative";  // gradual_schedules()
  int64_t steps = 5;                   // in [1, 1000]
  // The recipe of every step; it removes weights. The share is that of the last step.
  // BatchNormalization and head are treated once, after the last training; BatchNormalization only
  // if the recipe gives a treatment, since it was trained with the rest.
  Recipe recipe = {};
  TrainOptions train = {};            // after every step; zeros stay zero
  std::optional<Network> early = {};  // where "rewind" goes back to; the dense network's shapes
};

struct GradualStep {
  double sparsity;  // reached, over the prunable layers
  Epoch epoch;      // the one that was taken; 0: as pruned, but never after rewinding
};

struct Gradual {
  Network network;
  std::vector<GradualStep> steps;
};

// Prunes in steps of growing sparsity, from what `network` has already to what is asked for, and
// trains after each. Every step measures its statistics anew and prunes the network that the step
// before left; what is zero stays zero. Training is a run of its own in every step: the optimizer
// and the schedule of the learning rate start again. Statistics and training see data.train, the
// choice of the epoch data.validation.
//
// Throws InputError where prune() and train() would; when the network has a higher sparsity
// already; for a pattern N:M, which leaves a schedule nothing to do; and when "rewind" has no early
// network or one of other weights than `network`.
Gradual prune_gradually(const Network& network, const PreparedData& data,
                        const GradualOptions& options);

}  // namespace ncprune
