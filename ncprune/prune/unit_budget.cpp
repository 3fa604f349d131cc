#include "ncprune/prune/unit_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "ncprune/base/log.h"
#include "ncprune/model/cost.h"

namespace ncprune {
namespace {

// The size of a network that loses rows, columns and vectors.
class ShrinkingSize {
 public:
  ShrinkingSize(const Network& dense, bool macs) : dense_(dense), macs_(macs) {
    if (macs) rows_ = rows_per_sample(dense);
    for (const Layer& layer : linear_layers(dense)) {
      index_.emplace(layer.weight, index_.size());
      prices_.push_back(price(layer.weight));
      const at::Tensor weight = weight_of(dense, layer);
      sizes_.push_back({static_cast<double>(weight.size(0)), static_cast<double>(weight.size(1))});
    }
    const NetworkCost whole = cost(dense);
    total_ = static_cast<double>(macs ? whole.macs : whole.parameters);
  }

  double total() const { return total_; }

  // The size saved by removing one unit of the group; tensors that are no layer's weight count as
  // in the dense network.
  double saving(const UnitGroup& group) const {
    double saved = others(group);
    for (const auto& [l, size] : sizes_without(group)) {
      saved += weights(l, sizes_[l]) - weights(l, size);
    }
    return saved;
  }

  void take(const UnitGroup& group) {
    total_ -= saving(group);
    for (const auto& [l, size] : sizes_without(group)) sizes_[l] = size;
  }

 private:
  struct Size {
    double rows;
    double columns;
  };

  // The sizes of the layers that hold the group's units after one unit was removed.
  std::map<size_t, Size> sizes_without(const UnitGroup& group) const {
    std::map<size_t, Size> sizes;
    const auto size_of = [&](const UnitEntries& entries) -> Size& {
      const size_t l = index_.at(entries.layer.weight);
      return sizes.emplace(l, sizes_[l]).first->second;
    };
    for (const UnitEntries& e : group.producers) {
      size_of(e).rows -= static_cast<double>(e.index.size(1));
    }
    for (const UnitEntries& e : group.consumers) {
      size_of(e).columns -= static_cast<double>(e.index.size(1));
    }
    return sizes;
  }

  double weights(size_t l, const Size& size) const { return size.rows * size.columns * prices_[l]; }

  // The price of one number of the tensor.
  double price(const std::string& tensor) const {
    if (!macs_) return 1;
    const auto rows = rows_.find(tensor);  // vectors cost no multiplications
    return rows == rows_.end() ? 0 : static_cast<double>(rows->second);
  }

  // The price of a unit's vectors and depthwise kernels, as in the dense network.
  double others(const UnitGroup& group) const {
    double sum = 0;
    for (const UnitSlice& slice : group.slices) {
      if (index_.contains(slice.tensor)) continue;
      const at::Tensor& tensor = dense_.initializers.at(slice.tensor);
      const int64_t entries = slice.index.size(1) * (tensor.numel() / tensor.size(slice.axis));
      sum += price(slice.tensor) * static_cast<double>(entries);
    }
    return sum;
  }

  const Network& dense_;
  bool macs_;
  std::map<std::string, int64_t> rows_;  // by weight
  std::map<std::string, size_t> index_;  // of the layers, by weight
  std::vector<double> prices_;           // of one weight of each layer
  std::vector<Size> sizes_;
  double total_;
};

}  // namespace

std::vector<int64_t> kept_within(const Network& dense, const UnitCosts& units,
                                 const UnitBudget& budget) {
  ShrinkingSize size(dense, budget.macs);
  const double whole = size.total();
  struct Step {
    double price;
    size_t group;
    int64_t units;
  };
  std::vector<int64_t> kept;
  kept.reserve(units.groups.size());
  std::vector<Step> steps;
  for (size_t g = 0; g < units.groups.size(); ++g) {
    kept.push_back(units.groups[g].units);
    const double saved = size.saving(units.groups[g]);
    double dearest = -std::numeric_limits<double>::infinity();  // a later unit is never cheaper
    int64_t together = 0;
    for (int64_t remaining = units.groups[g].units - 1; remaining > 0; --remaining) {
      const auto i = static_cast<size_t>(units.groups[g].units - 1 - remaining);
      dearest = std::max(dearest, units.costs[g][i] / saved);
      ++together;
      if (remaining % budget.multiple != 0) continue;
      steps.push_back({dearest, g, std::exchange(together, 0)});
    }
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.price < b.price; });
  const double wanted = (1 - budget.removed) * whole;
  for (const Step& step : steps) {
    if (size.total() <= wanted) break;
    for (int64_t i = 0; i < step.units; ++i) size.take(units.groups[step.group]);
    kept[step.group] -= step.units;
  }
  if (size.total() > wanted) {
    log_warning(fmt::format(
        "every group keeps its minimum: {:.1f} % of the {} are removed; wanted {:.1f} %",
        100 * (1 - size.total() / whole), budget.macs ? "multiply-adds" : "parameters",
        100 * budget.removed));
  }
  return kept;
}

}  // namespace ncprune
