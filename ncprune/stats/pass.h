#pragma once

#include <functional>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// A batch of samples for a statistic, on the device where networks run (device.h).
struct WeightedBatch {
  at::Tensor inputs;   // [B, ...], as the graph takes them (normalised)
  Targets targets;     // of the B samples
  at::Tensor weights;  // double [B]: the weight of each sample's class
  int64_t begin;       // index of the first sample in the data
  at::Tensor factors;  // double [B]: weight within the class, mean 1; undefined: all 1
};

// Visits `data` in order, without gradients, in batches that bound memory for any number of
// samples. Each of several processes (world.h) visits its own batches; the caller must add its sums
// over all processes. `class_weights` holds one weight per class, given to each sample of the
// class.
void for_each_batch(const Network& network, const Dataset& data,
                    const std::vector<double>& class_weights,
                    const std::function<void(const WeightedBatch&)>& visit);

// for_each_batch() in batches small enough for gradients: see gradient_batch_size().
void for_each_gradient_batch(const Network& network, const Dataset& data,
                             const std::vector<double>& class_weights,
                             const std::function<void(const WeightedBatch&)>& visit);

// The batch of a layer's rows, `per_sample` for every sample, with its targets; they share the
// sample's factor.
WeightedBatch by_rows(const WeightedBatch& batch, int64_t per_sample);

}  // namespace ncprune
