#pragma once

#include <functional>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// A few samples on their way through a statistic, where networks run (device.h).
struct WeightedBatch {
  at::Tensor inputs;   // [B, ...], as the graph takes them (normalised)
  at::Tensor labels;   // int64 [B]
  at::Tensor weights;  // double [B]: the weight of each sample's class
  int64_t begin;       // index of the first in the data
  at::Tensor factors;  // double [B]: of each within its class, mean 1 a sample; undefined: all 1
};

// Walks over `data` in order, without gradients, in batches that bound memory whatever the number
// of samples. Of several processes (world.h) each walks over its own batches: what it adds up is to
// be summed over all. `class_weights` holds one weight per class, given to each of its samples.
void for_each_batch(const Network& network, const Dataset& data,
                    const std::vector<double>& class_weights,
                    const std::function<void(const WeightedBatch&)>& visit);

// The same in batches small enough for gradients: see gradient_batch_size().
void for_each_gradient_batch(const Network& network, const Dataset& data,
                             const std::vector<double>& class_weights,
                             const std::function<void(const WeightedBatch&)>& visit);

// The batch of a layer's rows, `per_sample` for every sample, which share the sample's factor.
WeightedBatch by_rows(const WeightedBatch& batch, int64_t per_sample);

}  // namespace ncprune
