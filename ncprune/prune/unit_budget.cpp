#include "ncprune/prune/unit_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "ncprune/base/log.h"
#include "ncprune/model/cost.h"

namespace ncprune {
namespace {

// The size of a network of which only rows, columns and vectors are taken.
class NetworkSize {
 public:
  NetworkSize(const Network& dense, bool macs)
      : dense_(dense), macs_(macs), layers_(linear_layers(dense)), price_(layers_.size(), 1) {
    if (macs) {
      const std::vector<int64_t> rows = rows_per_sample(dense, layers_);
      price_.assign(rows.begin(), rows.end());
    }
    sizes_.reserve(layers_.size());
    for (const Layer& layer : layers_) {
      const at::Tensor weight = weight_of(dense, layer);
      sizes_.push_back({static_cast<double>(weight.size(0)), static_cast<double>(weight.size(1))});
    }
    const NetworkCost whole = cost(dense);
    total_ = static_cast<double>(macs ? whole.macs : whole.parameters);
  }

  double total() const { return total_; }

  // Takes one unit of the group; what is no layer's weight counts as large as in the dense network.
  void take(const UnitGroup& group) {
    std::set<size_t> touched;
    for (const UnitEntries& e : group.producers) touched.insert(index_of(e.layer));
    for (const UnitEntries& e : group.consumers) touched.insert(index_of(e.layer));
    for (const size_t l : touched) total_ -= weights(l);
    for (const UnitEntries& e : group.producers) {
      sizes_[index_of(e.layer)].rows -= static_cast<double>(e.index.size(1));
    }
    for (const UnitEntries& e : group.consumers) {
      sizes_[index_of(e.layer)].columns -= static_cast<double>(e.index.size(1));
    }
    for (const size_t l : touched) total_ += weights(l);
    if (!macs_) total_ -= vectors(group);
  }

 private:
  struct Size {
    double rows;
    double columns;
  };

  double weights(size_t l) const { return sizes_[l].rows * sizes_[l].columns * price_[l]; }

  size_t index_of(const Layer& layer) const {
    const auto found = std::find_if(layers_.begin(), layers_.end(),
                                    [&](const Layer& l) { return l.node == layer.node; });
    return static_cast<size_t>(found - layers_.begin());
  }

  double vectors(const UnitGroup& group) const {
    int64_t count = 0;
    for (const UnitSlice& slice : group.slices) {
      const bool is_weight = std::any_of(layers_.begin(), layers_.end(),
                                         [&](const Layer& l) { return l.weight == slice.tensor; });
      const at::Tensor& tensor = dense_.initializers.at(slice.tensor);
      if (!is_weight) count += slice.index.size(1) * tensor.numel() / tensor.size(slice.axis);
    }
    return static_cast<double>(count);
  }

  const Network& dense_;
  bool macs_;
  std::vector<Layer> layers_;
  std::vector<double> price_;  // of one weight of each layer
  std::vector<Size> sizes_;
  double total_;
};

}  // namespace

std::vector<int64_t> kept_within(const Network& dense, const UnitCosts& units,
                                 const UnitBudget& budget) {
  NetworkSize size(dense, budget.macs);
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
    NetworkSize without = size;
    without.take(units.groups[g]);
    const double saved = whole - without.total();
    double dearest = -std::numeric_limits<double>::infinity();  // a later unit is never cheaper
    int64_t together = 0;
    for (int64_t left = units.groups[g].units - 1; left > 0; --left) {
      const auto i = static_cast<size_t>(units.groups[g].units - 1 - left);
      dearest = std::max(dearest, units.costs[g][i] / saved);
      ++together;
      if (left % budget.multiple != 0) continue;
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
    log_warning(
        fmt::format("every group is at its least, and {:.1f} % of the {} are gone; wanted {:.1f} %",
                    100 * (1 - size.total() / whole), budget.macs ? "multiply-adds" : "parameters",
                    100 * budget.removed));
  }
  return kept;
}

}  // namespace ncprune
