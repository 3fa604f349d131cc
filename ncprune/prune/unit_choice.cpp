#include "ncprune/prune/unit_choice.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "ncprune/base/lookup.h"
#include "ncprune/prune/parts.h"
#include "ncprune/prune/removal.h"

namespace ncprune {
namespace {

size_t index_of(const std::vector<Layer>& layers, const Layer& layer) {
  const auto found = std::find_if(layers.begin(), layers.end(),
                                  [&](const Layer& l) { return l.node == layer.node; });
  return static_cast<size_t>(found - layers.begin());
}

// [u]: the mean over all rows of a unit in the layers that make it.
at::Tensor unit_scores(const UnitGroup& group, const std::vector<Layer>& layers,
                       const std::vector<at::Tensor>& scores) {
  at::Tensor sum = at::zeros({group.units}, at::TensorOptions(at::kDouble));
  for (const UnitEntries& producer : group.producers) {
    const at::Tensor rows = scores.at(index_of(layers, producer.layer)).mean(1);
    sum += rows.index_select(0, producer.index.flatten()).view(producer.index.sizes()).mean(1);
  }
  return sum / static_cast<double>(group.producers.size());
}

std::vector<Layer> readers_of(const UnitGroup& group) {
  std::vector<Layer> layers;
  layers.reserve(group.consumers.size());
  for (const UnitEntries& consumer : group.consumers) layers.push_back(consumer.layer);
  return layers;
}

}  // namespace

UnitChoice::UnitChoice(Calibration& calibration, const Recipe& recipe,
                       const std::vector<UnitGroup>& groups, LayerwiseMoments& measured)
    : dense_(calibration.network()),
      recipe_(recipe),
      groups_(groups),
      measured_(measured),
      searches_(solver_of(recipe.method).solve != nullptr),
      merges_(solver_of(recipe.method).merges_units),
      layers_(weight_layers(dense_)),
      row_weights_(calibration.row_weights(recipe)) {
  // The head is the last layer, and its rows, the class scores, count equally.
  for (size_t l = row_weights_.size(); l < layers_.size(); ++l) {
    row_weights_.push_back(
        at::ones({weight_of(dense_, layers_[l]).size(0)}, at::TensorOptions(at::kDouble)));
  }
  if (!searches_ && !merges_) {
    const std::vector<at::Tensor>& scores = calibration.scores(recipe);
    for (const UnitGroup& group : groups) scores_.push_back(unit_scores(group, layers_, scores));
  }
  counts_ = find_named(removals(), recipe.remove, "quantity to remove")
                .units_to_keep({dense_, groups, share_of(recipe), recipe.round_to,
                                [this] { return costs_in_dense(); }});
}

at::Tensor UnitChoice::kept(const Network& network, size_t g) {
  const int64_t count = groups_[g].units - counts_[g];
  std::vector<int64_t> first = order(g, moments(network, readers_of(groups_[g])), count).units;
  first.resize(static_cast<size_t>(count));
  return all_but(groups_[g].units, at::tensor(first, at::TensorOptions(at::kLong)));
}

std::vector<LayerMoments> UnitChoice::moments(const Network& network,
                                              const std::vector<Layer>& layers) {
  if (!searches_) return std::vector<LayerMoments>(layers.size());
  return measured_.moments(network, layers, search_metric_of(recipe_.method).of(recipe_.metric));
}

UnitOrder UnitChoice::order(size_t g, const std::vector<LayerMoments>& moments,
                            int64_t count) const {
  if (merges_) return merge_order(unit_weights(dense_, groups_[g]), count);
  if (!searches_) {
    const auto [sorted, order] = scores_[g].sort(/*stable=*/true, 0, /*descending=*/false);
    const at::Tensor values = sorted.contiguous();
    const auto indices = elements<int64_t>(order);
    const auto costs = elements<double>(values);
    return {{indices.begin(), indices.end()}, {costs.begin(), costs.end()}};
  }
  const std::vector<UnitEntries>& consumers = groups_[g].consumers;
  std::vector<UnitReader> readers;
  readers.reserve(consumers.size());
  for (size_t i = 0; i < consumers.size(); ++i) {
    const Layer& layer = consumers[i].layer;
    readers.push_back(
        {LayerProblem::of(moments[i], weight_of(dense_, layer), recipe_.metric.damping),
         row_weights_[index_of(layers_, layer)], consumers[i].index});
  }
  return remove_units(readers, count);
}

// The costs of the units of every group, measured on the dense network; one pass serves as many
// groups as have moments of half a gigabyte.
std::vector<std::vector<double>> UnitChoice::costs_in_dense() {
  constexpr int64_t kMaxElements = int64_t{1} << 26;
  std::vector<std::vector<double>> costs;
  costs.reserve(groups_.size());
  while (costs.size() < groups_.size()) {
    size_t end = costs.size();
    std::vector<Layer> layers;
    for (int64_t held = 0; end < groups_.size() && held < kMaxElements; ++end) {
      for (const Layer& layer : readers_of(groups_[end])) {
        if (index_of(layers, layer) < layers.size()) continue;
        const int64_t inputs = weight_of(dense_, layer).size(1);
        held += inputs * inputs;
        layers.push_back(layer);
      }
    }
    const std::vector<LayerMoments> all = moments(dense_, layers);
    for (size_t g = costs.size(); g < end; ++g) {
      std::vector<LayerMoments> own;
      for (const Layer& layer : readers_of(groups_[g])) {
        own.push_back(all[index_of(layers, layer)]);
      }
      costs.push_back(order(g, own, groups_[g].units).costs);
    }
  }
  return costs;
}

at::Tensor all_but(int64_t count, const at::Tensor& some) {
  at::Tensor rest = at::ones({count}, at::TensorOptions(at::kBool));
  return rest.index_fill_(0, some, false).nonzero().flatten();
}

}  // namespace ncprune
