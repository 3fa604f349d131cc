#pragma once

#include <vector>

#include "ncprune/model/units.h"
#include "ncprune/prune/calibration.h"
#include "ncprune/prune/unit_search.h"
#include "ncprune/stats/layerwise.h"

namespace ncprune {

// Which units of each group stay in a pruning that decides for itself: so many as the recipe's
// removal says, by their scores or by the search.
class UnitChoice {
 public:
  // All must outlive it. `groups` are those whose units can leave; `measured` goes on with the
  // network that is pruned. Costs are measured on the dense network where the removal asks for
  // them.
  UnitChoice(Calibration& calibration, const Recipe& recipe, const std::vector<UnitGroup>& groups,
             LayerwiseMoments& measured);

  // The units of group `g` that stay, int64, ascending, chosen on `network`, whose layers before
  // those that read the group are done.
  at::Tensor kept(const Network& network, size_t g);

 private:
  // The moments of each layer in `network`, in which others may have lost inputs; empty where
  // nothing searches.
  std::vector<LayerMoments> moments(const Network& network, const std::vector<Layer>& layers);
  // The units of group `g` in the order in which they leave, at least the first `count` of them;
  // `moments` are those of its readers.
  UnitOrder order(size_t g, const std::vector<LayerMoments>& moments, int64_t count) const;
  std::vector<std::vector<double>> costs_in_dense();

  const Network& dense_;
  const Recipe& recipe_;
  const std::vector<UnitGroup>& groups_;
  LayerwiseMoments& measured_;
  std::vector<Layer> layers_;            // weight_layers()
  std::vector<at::Tensor> row_weights_;  // of every layer, [m]
  std::vector<at::Tensor> scores_;       // [u] per group, where nothing searches
  std::vector<int64_t> counts_;          // units to keep, per group
};

// The indices below `count` that are not among `some` (int64), ascending.
at::Tensor all_but(int64_t count, const at::Tensor& some);

}  // namespace ncprune
