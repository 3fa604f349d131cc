#pragma once

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// The worst that can happen to the inputs within a box around each: no element moves by more than
// `epsilon`, and none leaves the data's range. On data without a range `epsilon` counts in standard
// deviations of each feature over the data.
struct AttackOptions {
  double epsilon = 8.0 / 255;  // in (0, 1e6]
  // Steps of 2.5 epsilon / steps by the sign of the cross-entropy's gradient, each taken back into
  // the box, from a random place in it (PGD; Madry et al. 2018). 0: one step of epsilon from the
  // sample itself (FGSM; Goodfellow, Shlens, Szegedy 2015).
  int64_t steps = 0;  // in [0, 1000]
  uint64_t seed = 0;
};

// Throws InputError when an option is out of range.
void require_valid(const AttackOptions& options);

// `data` as an attacker who knows `network` would have them. Throws InputError when an option is
// out of range, the data do not fit, or the network cannot be differentiated.
Dataset attacked(const Network& network, const Dataset& data, const AttackOptions& options = {});

}  // namespace ncprune
