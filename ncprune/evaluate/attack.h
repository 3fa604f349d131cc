#pragma once

#include "ncprune/data/dataset.h"
#include "ncprune/evaluate/metrics.h"
#include "ncprune/model/network.h"

namespace ncprune {

// Adversarial inputs within a box around each sample: no element changes by more than `epsilon`,
// and none leaves the data's range. On data without a range `epsilon` is in standard deviations of
// each feature over the data.
struct AttackOptions {
  double epsilon = 8.0 / 255;  // in (0, 1e6]
  // Steps of 2.5 epsilon / steps along the sign of the cross-entropy's gradient, each projected
  // onto the box, from a random start in it (PGD; Madry et al. 2018). 0: one step of epsilon from
  // the sample itself (FGSM; Goodfellow, Shlens, Szegedy 2015).
  int64_t steps = 0;  // in [0, 1000]
  uint64_t seed = 0;
};

// Throws InputError when an option is out of range.
void require_valid(const AttackOptions& options);

// `data` with inputs changed by an attacker who knows `network`. Throws InputError when an option
// is out of range, the data do not fit, or the network cannot be differentiated.
Dataset attacked(const Network& network, const Dataset& clean, const AttackOptions& options = {});

// evaluate() of the network on attacked() data, of which only a part is in memory at a time if the
// data have a range; otherwise all are. Throws InputError as attacked().
ClassMetrics evaluate_attacked(const Network& network, const Dataset& clean,
                               const AttackOptions& options = {});

}  // namespace ncprune
