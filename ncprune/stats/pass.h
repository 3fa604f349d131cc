#pragma once

#include <functional>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// A few samples on their way through a statistic, where networks run (device.h).
struct Batch {
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
                    const std::function<void(const Batch&)>& visit);

// The batch of a layer's rows, `per_sample` for every sample, which share the sample's factor.
Batch by_rows(const Batch& batch, int64_t per_sample);

// Of a layer with more positions than this, statistics read this many rows of every sample.
inline constexpr int64_t kRowsPerSample = 32;

// Moments are made of about so many rows of a class: samples beyond are not run.
inline constexpr int64_t kRowsPerClass = 8192;

// At most `limit` samples of every class, drawn with a fixed seed.
Dataset at_most_per_class(const Dataset& data, int64_t limit);

}  // namespace ncprune
