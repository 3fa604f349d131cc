#pragma once

#include <vector>

#include "ncprune/model/units.h"
#include "ncprune/prune/unit_search.h"

// Merging units with similar weights instead of removing some of them (model folding: Wang, Sikic,
// Thiele, Saukh 2025). Uses no data.
namespace ncprune {

// The weights that describe each unit of the group: the rows that make it, their biases, and the
// columns that read it; double [u, f].
at::Tensor unit_weights(const Network& network, const UnitGroup& group);

// Agglomerative clustering (Ward 1963) of the rows of `weights`, as the published code of model
// folding does it. Each step merges the two clusters whose merger raises the sum of squared
// distances to the cluster means least, by n m / (n + m) ||a - b||^2 for sizes n and m and means a
// and b. The merged cluster is named after its unit of lowest index; the name of the other cluster
// is the unit removed in this step. After u - 1 steps the last unit costs the sum of squares of the
// mean. Ties go to the lower indices. Time O(u^2) per step. REQUIRES: 0 <= count <= u.
UnitOrder merge_order(const at::Tensor& weights, int64_t count);

// The unit of `kept` (int64) that every unit is merged with, int64 [u]: the same steps, except that
// no step merges two units of `kept`. If merge_order() left these units, the clusters are the same.
at::Tensor merged_with(const at::Tensor& weights, const at::Tensor& kept);

// `network`, in which all units of a cluster are made by the mean of the cluster's weights (biases
// and BatchNormalization included), and the kept unit is read with the sum of the cluster's
// columns; the columns of the other units are zero. It has the shapes of `network`.
Network merged(const Network& network, const std::vector<UnitSelection>& selections);

}  // namespace ncprune
