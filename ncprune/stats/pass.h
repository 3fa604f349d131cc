#pragma once

#include <functional>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// A few samples on their way through a statistic.
struct Batch {
  at::Tensor inputs;   // [B, ...], as the graph takes them (normalised)
  at::Tensor labels;   // int64 [B]
  at::Tensor weights;  // double [B]: the weight of each sample's class
};

// Walks over `data` in order, without gradients, in batches that bound memory whatever the number
// of samples. `class_weights` holds one weight per class, given to each of its samples.
void for_each_batch(const Network& network, const Dataset& data,
                    const std::vector<double>& class_weights,
                    const std::function<void(const Batch&)>& visit);

}  // namespace ncprune
