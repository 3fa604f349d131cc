#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/data/dataset.h"

namespace ncprune {

// The batch of one training step.
struct TrainingBatch {
  at::Tensor inputs;                               // float [B, ...], raw
  std::optional<std::pair<double, double>> range;  // of the inputs, as in Dataset
  // With mixup an input is `share` of the sample plus the rest of its partner, and the loss is
  // divided between both labels in the same way. Indices into the batch, int64 [B]; otherwise
  // undefined, and the share is 1.
  at::Tensor partners = {};
  double share = 1;
};

// A random change of every batch before its step.
struct Augmentation {
  std::string name;
  std::string summary;
  std::string source;
  bool pictures;  // takes inputs of [channels, height, width] only
  TrainingBatch (*apply)(TrainingBatch batch, Random& random);
};

// crop, cutout, flip, mixup, rand-augment.
const std::vector<Augmentation>& augmentations();

// Throws InputError unless every name is known and appears once, and `loss` supports mixed labels
// if an augmentation mixes them.
void require_valid_augmentation(const std::vector<std::string>& names, const std::string& loss);

// Throws InputError, naming the augmentation, when it cannot be applied to the samples.
void require_augmentable(const Dataset& data, const std::vector<std::string>& names);

// The batch changed by each of `names` in turn. Takes the next numbers from `random`; the number of
// threads does not change the result. REQUIRES: the two functions above do not throw.
TrainingBatch augment(TrainingBatch batch, const std::vector<std::string>& names, Random& random);

}  // namespace ncprune
