#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/data/dataset.h"

namespace ncprune {

// What a step of training learns from.
struct TrainingBatch {
  at::Tensor inputs;                               // float [B, ...], raw
  std::optional<std::pair<double, double>> range;  // of the inputs, as a Dataset has it
  // With mixup the inputs are `share` of the samples' own and the rest of their partners': the loss
  // is shared between both labels in the same way. Indices into the batch, int64 [B]; else
  // undefined, and the share is 1.
  at::Tensor partners = {};
  double share = 1;
};

// A change of every batch before its step, drawn anew each time.
struct Augmentation {
  std::string name;
  std::string summary;
  std::string source;
  bool pictures;  // takes inputs of [channels, height, width] only
  TrainingBatch (*apply)(TrainingBatch batch, Random& random);
};

// crop, cutout, flip, mixup, rand-augment.
const std::vector<Augmentation>& augmentations();

// Throws InputError unless every name is known and stands there once, and `loss` has a meaning for
// mixed labels if they are mixed.
void require_valid_augmentation(const std::vector<std::string>& names, const std::string& loss);

// Throws InputError, naming the augmentation, unless the samples are such that it can be applied.
void require_augmentable(const Dataset& data, const std::vector<std::string>& names);

// The batch changed by each of `names` in turn. Takes the next numbers from `random`; the same
// whatever the number of threads. REQUIRES: the two functions above are content.
TrainingBatch augment(TrainingBatch batch, const std::vector<std::string>& names, Random& random);

}  // namespace ncprune
