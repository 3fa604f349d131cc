#pragma once

#include <set>
#include <vector>

#include "ncprune/stats/statistics.h"

namespace ncprune {

// The parts of measure_statistics that need derivatives; see Statistic. Per layer, double.

// Measures those of kGradient, kFisher, kClassFisher and kClassTaylor that are in `needs`, in one
// forward and one backward pass over `data`. The other fields of the result stay undefined.
std::vector<LayerStatistics> measure_gradients(const Network& network,
                                               const std::vector<Layer>& layers,
                                               const Dataset& data,
                                               const std::set<Statistic>& needs);

// The Hessian of the mean cross-entropy times its gradient, both over at most 256 samples of every
// class and only in the weights of `layers`; [m, d] each. Exact, by differentiating twice.
std::vector<at::Tensor> hessian_gradients(const Network& network, const std::vector<Layer>& layers,
                                          const Dataset& data);

// dR/d|w| (Tanaka, Kunin, Yamins, Ganguli 2020), [m, d] each, from one sample of ones. The running
// means of BatchNormalization are set to zero, because they would cut the flow.
std::vector<at::Tensor> synaptic_flows(const Network& network, const std::vector<Layer>& layers);

}  // namespace ncprune
