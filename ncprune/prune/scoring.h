#pragma once

#include <vector>

#include "ncprune/prune/options.h"
#include "ncprune/stats/statistics.h"

namespace ncprune {

// Whether the method looks at its criterion's scores at all: a solver with an allocation that goes
// by the layers' shapes does not.
bool needs_scores(const Method& method);

// The statistics the methods' criteria and repairs need, measured on the dense network. To be
// measured once and used for many sparsities.
std::vector<LayerStatistics> measure_for(const std::vector<Method>& methods, const Network& dense,
                                         const Dataset& calibration, const MetricOptions& options);

// The method's score of every weight of the prunable layers, [m, d] each, double; the smallest go
// first. `statistics` come from measure_for. What is zero already scores lowest. All zero of a
// method that does not need them.
std::vector<at::Tensor> score_layers(const Network& dense,
                                     const std::vector<LayerStatistics>& statistics,
                                     const PruneOptions& options);

}  // namespace ncprune
