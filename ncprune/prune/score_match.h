#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/stats/metric.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// The pruned network with the scale and shift of every BatchNormalization so chosen that its class
// shares p come close to those q of the dense network:
//   D = sum_c pi_c E_c KL(q || p),   in nats; averaged over classes as `options.balance` says.
// No labels are fitted and no weight is touched. Three steps of Fisher scoring (Amari 1998) over
// all scales and shifts together, damped as Levenberg and Marquardt do: a step that does not lower
// D is taken back. The metric is estimated with two random sign vectors a sample. On at most 256
// samples of every class and some 8000 in all, drawn with a fixed seed; with options.noise the
// pruned network sees them noisy. P scales and shifts and N samples: about 6 forward and 9 backward
// passes over them and 2 N P doubles, of which there are at most 512 MB.
//
// Starts from the one of `starts`, of which there is at least one, whose D is least; they differ in
// what BatchNormalization holds alone. Networks without one stay as the first. The result shares
// all other tensors with its start. Throws InputError where match_problem() says why.
Network match_scores(const Network& dense, const std::vector<Network>& starts, const Dataset& data,
                     const MetricOptions& options);

// Why the BatchNormalizations of `network` cannot be matched, in one line that names the node: ONNX
// Runtime runs an operator, through which no gradient goes; a scale or shift is no initializer; an
// output's first axis is not the samples'. Empty when they can, or there are none.
std::string match_problem(const Network& network, const Dataset& data);

}  // namespace ncprune
