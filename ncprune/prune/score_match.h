#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/stats/metric.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// The pruned network with scales and shifts of channels that bring its class probabilities p close
// to those of the dense network, q (class_loss.h). They lower
//   D = sum_c pi_c E_c KL(q || p),   in nats; averaged over samples or classes by options.balance.
// They are those of every BatchNormalization; without one, those of all channel_affines()
// (channel_affine.h), whose scales multiply weights and leave zeros zero.
// No labels are fitted. Three steps of Fisher scoring (Amari 1998) over all scales and shifts
// together, with Levenberg-Marquardt damping: a step that does not lower D is undone. The metric is
// estimated with one random sign vector per sample. Uses at most 256 samples of every class and
// about 8000 in all, drawn with a fixed seed; with options.noise the pruned network sees noisy
// inputs. For P scales and shifts and N samples: about 6 forward and 6 backward passes over the
// samples and 2 N P doubles, at most 512 MB.
//
// Starts from the network of `starts` with the least D on a quarter of the samples. REQUIRES: at
// least one start; they differ only in scales, shifts and the statistics of BatchNormalization. The
// result shares all other tensors with its start. Throws InputError when match_problem() is not
// empty.
Network match_scores(const Network& dense, const std::vector<Network>& starts, const Dataset& data,
                     const MetricOptions& options);

// match_scores() from `pair.pruned` or from recalibrated() on about 1000 samples, whichever is
// closer: the statistics of a network masked without repair are far off.
Network matched(const NetworkPair& pair, const Dataset& data, const MetricOptions& options);

// The reason why `network` cannot be matched, in one line that names the node: ONNX Runtime runs an
// operator, so that it has no gradient; a scale or shift of BatchNormalization is not an
// initializer; or an output's first axis is not the samples'. Empty when it can, or nothing can be
// matched.
std::string match_problem(const Network& network, const Dataset& data);

}  // namespace ncprune
