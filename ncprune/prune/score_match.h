#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/stats/metric.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// The pruned network with scales and shifts of every BatchNormalization that bring its class shares
// p close to the class shares q of the dense network (probabilities() of class_loss.h). They lower
//   D = sum_c pi_c E_c KL(q || p),   in nats; averaged over samples or classes by options.balance.
// No labels are fitted and no weight is touched. Three steps of Fisher scoring (Amari 1998) over
// all scales and shifts together, with Levenberg-Marquardt damping: a step that does not lower D is
// undone. The metric is estimated with two random sign vectors per sample. Uses at most 256 samples
// of every class and about 8000 in all, drawn with a fixed seed; with options.noise the pruned
// network sees noisy inputs. For P scales and shifts and N samples: about 6 forward and 9 backward
// passes over the samples and 2 N P doubles, at most 512 MB.
//
// Starts from the network of `starts` with the least D. REQUIRES: at least one start; they differ
// only in the tensors of BatchNormalization. Without BatchNormalization the result is the first.
// The result shares all other tensors with its start. Throws InputError when match_problem() is not
// empty.
Network match_scores(const Network& dense, const std::vector<Network>& starts, const Dataset& data,
                     const MetricOptions& options);

// The reason why the BatchNormalizations of `network` cannot be matched, in one line that names the
// node: ONNX Runtime runs an operator, so that it has no gradient; a scale or shift is not an
// initializer; or an output's first axis is not the samples'. Empty when they can or none exists.
std::string match_problem(const Network& network, const Dataset& data);

}  // namespace ncprune
