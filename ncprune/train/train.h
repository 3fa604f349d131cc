#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"
#include "ncprune/train/distillation.h"

namespace ncprune {

struct Epoch;

// How to train. The names are entries of losses(), samplers(), optimizers(), schedules() and
// augmentations().
struct TrainOptions {
  std::string loss = "cross-entropy";
  std::string sampler = "natural";
  std::string optimizer = "adam";
  std::string schedule = "constant";
  double learning_rate = 1e-3;  // the schedule's full rate
  double momentum = 0.9;        // sgd only, in [0, 1)
  double weight_decay = 0;
  int64_t epochs = 10;
  int64_t batch = 128;  // samples per step; a last batch of one sample joins the one before
  std::string select = "balanced";  // validation accuracy that selects the epoch, or "overall"
  int64_t patience = 0;             // epochs without improvement before stopping; 0: never stop
  bool keep_zeros = false;  // zero weights (of two axes or more) stay zero, as after pruning
  // BatchNormalization normalises with its running statistics, which stay, and Dropout drops
  // nothing: the network is trained as it will be run.
  bool keep_statistics = false;
  bool keep_start = false;  // select the given network (epoch 0) if no epoch is better
  std::optional<Distillation> distillation = {};  // an additional teacher
  std::vector<std::string> augment = {};          // in this order; a teacher sees them, too
  // If positive, only the first `fresh_epochs` epochs draw and change samples anew. Later epochs
  // repeat their batches in turn, and a teacher runs only once on each changed batch; its outputs
  // are stored, O(fresh_epochs N (K + d)). 0: every epoch draws anew.
  int64_t fresh_epochs = 0;
  // Epochs after which the network is also kept, in [0, epochs]; 0: before the first.
  std::vector<int64_t> checkpoints = {};
  std::function<void(const Epoch&)> on_epoch = {};  // called after every epoch
  uint64_t seed = 0;                                // of the sample order, Dropout and augmentation
};

struct Epoch {
  int64_t epoch = 0;  // from 1; 0: the given network
  // Mean over the epoch's samples, each at its step, teacher included; NaN for epoch 0.
  double loss = 0;
  double learning_rate = 0;        // of the last step
  double validation_balanced = 0;  // mean over classes that have validation samples, in [0, 1]
  double validation_overall = 0;   // share of all validation samples, in [0, 1]
  double seconds = 0;              // of the epoch, validation included
};

struct Training {
  Network network;             // after the best epoch
  std::vector<Epoch> history;  // one per epoch run; with `keep_start` and validation, 0 first
  int64_t best_epoch = 0;      // ties go to the earlier one; the last without validation samples
  // By epoch; epochs that `patience` skipped are missing.
  std::map<int64_t, Network> checkpoints;
};

// Throws InputError, as train() does, for an option that is unknown or out of range.
void require_valid(const TrainOptions& options);

// Trains a copy of `network`: BatchNormalization uses and updates batch statistics, and Dropout is
// active. The same seed, options and number of threads give the same weights. Several processes
// (world.h) share every batch and take the steps that one process would take, up to the rounding of
// sums; each augments the whole batch. Inputs are normalised as the network's metadata says. Throws
// InputError when an option is unknown or out of range, a class has no training sample, the data do
// not fit the network or the augmentation, or a loss or weight is no longer finite.
Training train(const Network& network, const Dataset& training, const Dataset& validation,
               const TrainOptions& options);

}  // namespace ncprune
