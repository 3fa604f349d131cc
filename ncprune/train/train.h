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

// How to train. The names are those of losses(), samplers(), optimizers(), schedules() and
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
  int64_t batch = 128;  // samples per step; a single sample left over joins the batch before it
  std::string select = "balanced";  // validation accuracy that picks the epoch: or "overall"
  int64_t patience = 0;             // epochs without a better one before stopping; 0: never
  bool keep_zeros = false;  // weights (of two axes or more) that are 0 stay 0: after pruning
  bool keep_start = false;  // the network given is chosen where no epoch is better: epoch 0
  std::optional<Distillation> distillation = {};  // a teacher beside the loss
  std::vector<std::string> augment = {};          // augmentations(), in this order; no teacher then
  // Epochs after which the network is to be kept as well, in [0, epochs]; 0: before the first.
  std::vector<int64_t> checkpoints = {};
  std::function<void(const Epoch&)> on_epoch = {};  // called after every epoch
  uint64_t seed = 0;  // of the samples' order, Dropout and augmentation
};

struct Epoch {
  int64_t epoch = 0;  // from 1; 0: the network as it was given
  // Mean over the epoch's samples, each as its own step saw it, teacher included; of epoch 0 NaN.
  double loss = 0;
  double learning_rate = 0;        // of the epoch's last step
  double validation_balanced = 0;  // mean over classes that have validation samples, in [0, 1]
  double validation_overall = 0;   // share of all validation samples, in [0, 1]
  double seconds = 0;              // of the epoch, validation included
};

struct Training {
  Network network;             // as it was after the best epoch
  std::vector<Epoch> history;  // one per epoch run; with `keep_start` and validation, 0 first
  int64_t best_epoch = 0;      // ties go to the earlier epoch; without validation samples the last
  // By epoch; those that `patience` left out are missing.
  std::map<int64_t, Network> checkpoints;
};

// Throws the InputError that train() would for an option unknown or out of range.
void require_valid(const TrainOptions& options);

// Trains a copy of `network`: BatchNormalization uses and updates batch statistics, Dropout drops.
// The same seed, options and number of threads give the same weights. Several processes (world.h)
// share every batch and take the steps that one would, to the rounding of its sums; each changes
// the batch's samples by augmentation itself. Inputs are normalised as the
// network's metadata says. Throws InputError when an option is unknown or out of range, a class has
// no training sample, the data do not fit the network or the augmentation, or a loss or weight
// stops being finite.
Training train(const Network& network, const Dataset& training, const Dataset& validation,
               const TrainOptions& options);

}  // namespace ncprune
