#include "ncprune/prune/unit_merging.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cdist.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <limits>

namespace ncprune {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// Clusters of units; each one is found at the place of its unit of lowest index.
class Clusters {
 public:
  explicit Clusters(const at::Tensor& weights)
      : costs_(at::cdist(weights, weights, 2, /*compute_mode=*/2).square_().div_(2)),
        sizes_(at::ones({weights.size(0)}, weights.options())) {
    costs_.fill_diagonal_(kNever);
  }

  // Makes sure that no two of these clusters are ever merged.
  void separate(const at::Tensor& places) {
    for (const int64_t place : elements<int64_t>(places)) {
      costs_[place].index_fill_(0, places, kNever);
    }
  }

  struct Step {
    int64_t kept;
    int64_t removed;  // > kept
    double cost;
  };

  // Merges the two clusters that cost least. REQUIRES: two of them may be merged.
  Step merge() {
    // The costs are symmetric, so that the first of equal costs has the lower row.
    const int64_t place = costs_.argmin().item<int64_t>();
    const int64_t i = place / costs_.size(1);
    const int64_t j = place % costs_.size(1);
    const at::Tensor cost = costs_[i][j].clone();
    const at::Tensor joined = sizes_[i] + sizes_[j];
    // Lance, Williams 1967. Costs that are infinite stay so.
    const at::Tensor row =
        ((sizes_ + sizes_[i]) * costs_[i] + (sizes_ + sizes_[j]) * costs_[j] - sizes_ * cost) /
        (sizes_ + joined);
    costs_[i].copy_(row);
    costs_.select(1, i).copy_(row);
    costs_[j].fill_(kNever);
    costs_.select(1, j).fill_(kNever);
    sizes_[i].copy_(joined);
    return {i, j, cost.item<double>()};
  }

 private:
  at::Tensor costs_;  // [u, u]
  at::Tensor sizes_;  // [u]
};

void merge_slice(at::Tensor& tensor, const UnitSlice& slice, const at::Tensor& with) {
  if (!tensor.is_floating_point()) return;
  const at::Tensor places = slice.index.flatten();
  const at::Tensor parts = tensor.index_select(slice.axis, places).movedim(slice.axis, 0);
  const at::Tensor own = parts.reshape({with.size(0), -1}).to(at::kDouble);
  at::Tensor found = at::zeros_like(own).index_add_(0, with, own);
  if (!slice.reads) {
    const at::Tensor sizes = with.bincount({}, with.size(0)).to(at::kDouble).unsqueeze(1);
    found = (found / sizes).index_select(0, with);
  }
  const at::Tensor values = found.view(parts.sizes()).movedim(0, slice.axis).to(tensor.dtype());
  tensor = tensor.index_copy(slice.axis, places, values);
}

}  // namespace

at::Tensor unit_weights(const Network& network, const UnitGroup& group) {
  const int64_t units = group.units;
  std::vector<at::Tensor> parts;
  for (const UnitEntries& producer : group.producers) {
    const at::Tensor rows = producer.index.flatten();
    parts.push_back(weight_of(network, producer.layer).index_select(0, rows).reshape({units, -1}));
    if (producer.layer.bias.empty()) continue;
    parts.push_back(bias_of(network, producer.layer).index_select(0, rows).reshape({units, -1}));
  }
  for (const UnitEntries& consumer : group.consumers) {
    const at::Tensor weight = weight_of(network, consumer.layer);
    const at::Tensor columns = weight.index_select(1, consumer.index.flatten());
    parts.push_back(columns.reshape({weight.size(0), units, -1}).transpose(0, 1).flatten(1));
  }
  return at::cat(parts, 1).to(at::kDouble);
}

UnitOrder merge_order(const at::Tensor& weights, int64_t count) {
  const int64_t units = weights.size(0);
  Clusters clusters(weights);
  UnitOrder order;
  for (int64_t step = 0; step < std::min(count, units - 1); ++step) {
    const Clusters::Step merger = clusters.merge();
    order.units.push_back(merger.removed);
    order.costs.push_back(merger.cost);
  }
  if (count == units) {
    order.units.push_back(0);
    order.costs.push_back(weights.mean(0).square().sum().item<double>() *
                          static_cast<double>(units));
  }
  return order;
}

at::Tensor merged_with(const at::Tensor& weights, const at::Tensor& kept) {
  Clusters clusters(weights);
  clusters.separate(kept);
  at::Tensor place = at::arange(weights.size(0), kept.options());  // of each unit's cluster
  for (int64_t step = kept.size(0); step < weights.size(0); ++step) {
    const Clusters::Step merger = clusters.merge();
    place.masked_fill_(place.eq(merger.removed), merger.kept);
  }
  at::Tensor names = at::zeros_like(place);
  names.index_copy_(0, place.index_select(0, kept), kept);
  return names.index_select(0, place);
}

Network merged(const Network& network, const std::vector<UnitSelection>& selections) {
  Network result = network;
  for (const auto& [group, kept] : selections) {
    const at::Tensor with = merged_with(unit_weights(network, group), kept);
    for (const UnitSlice& slice : group.slices) {
      merge_slice(result.initializers.at(slice.tensor), slice, with);
    }
  }
  return result;
}

}  // namespace ncprune
