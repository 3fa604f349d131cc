#pragma once

#include <vector>

#include "ncprune/model/units.h"
#include "ncprune/prune/calibration.h"
#include "ncprune/prune/unit_merging.h"
#include "ncprune/prune/unit_search.h"
#include "ncprune/stats/layerwise.h"

namespace ncprune {

// Chooses the units of each group that stay when no decision is given: as many as the recipe's
// removal says, by their scores, by the search, or by the merger of similar units.
class UnitChoice {
 public:
  // All arguments must outlive it. `groups` are those whose units can be removed; `measured`
  // follows the network being pruned. Costs are measured on the dense network if the removal needs
  // them.
  UnitChoice(Calibration& calibration, const Recipe& recipe, const std::vector<UnitGroup>& groups,
             LayerwiseMoments& measured);

  // The units of group `g` that stay, int64, ascending, chosen on `network`, in which the layers
  // before the group's readers are already pruned.
  at::Tensor kept(const Network& network, size_t g);

 private:
  // The moments of each layer in `network`, where other layers may have lost inputs; empty without
  // a search.
  std::vector<LayerMoments> moments(const Network& network, const std::vector<Layer>& layers);
  // The units of group `g` in the order of removal, at least the first `count` of them; `moments`
  // are those of the group's readers.
  UnitOrder order(size_t g, const std::vector<LayerMoments>& moments, int64_t count) const;
  std::vector<std::vector<double>> costs_in_dense();

  const Network& dense_;
  const Recipe& recipe_;
  const std::vector<UnitGroup>& groups_;
  LayerwiseMoments& measured_;
  bool searches_;
  bool merges_;
  std::vector<Layer> layers_;            // weight_layers()
  std::vector<at::Tensor> row_weights_;  // of every layer, [m]
  std::vector<at::Tensor> scores_;       // [u] per group, with neither a search nor mergers
  std::vector<int64_t> counts_;          // units to keep, per group
};

// The indices below `count` that are not among `some` (int64), ascending.
at::Tensor all_but(int64_t count, const at::Tensor& some);

}  // namespace ncprune
