#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/stats/metric.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// `pair.pruned`, first matched() and then with all weights that are not zero, and all biases,
// scales and shifts, moved so that its class probabilities p come close to those of the dense
// network, q (class_loss.h):
//   min sum_c pi_c E_c KL(q || p),   pi from options.balance,
// by Adam with a cosine schedule, in about 85000 draws, but 3 to 15 passes, from at most 16384 / K
// samples of each of K classes, or 1024 if that is more, drawn with a fixed seed. Pictures are
// changed as known_changes() says, and the dense network is asked once about each change, which
// three to five passes share. No labels are fitted. Zeros stay zero, running statistics stay, and
// the pruned network sees noisy inputs with options.noise.
//
// A fifth of each class is held out from all of this: the result is the first network on the line
// from the matched to the trained one, at 1, 3/4, 1/2 or 1/4 of it, with which the mean held-out KL
// is smaller, averaged over classes, and that of no class is larger beyond chance (Student's test,
// 5 % for all classes together); or else matched() on all samples. With very few samples (some 200)
// matching on all of them can come closer than refining on four fifths. Throws InputError as
// match_scores() and train().
Network refined(const NetworkPair& pair, const Dataset& data, const MetricOptions& options);

// The augmentations (augment.h) among flip and crop with which a network that convolves recognises
// nearly as many of some samples as without, at most 5 points fewer, averaged over classes with at
// most 64 samples of each: it was trained with them, or carries over to them. What it says of other
// pictures is no lesson. None for data that are no pictures and for perceptrons, which know nothing
// of shifted pictures.
std::vector<std::string> known_changes(const Network& dense, const Dataset& data);

}  // namespace ncprune
