#pragma once

#include "ncprune/model/network.h"

namespace ncprune {

// A weight as its file stores it.
struct StoredWeight {
  at::Tensor values;  // of storage.type
  Storage storage;    // with scales under which every weight fits
};

// Rounds `weight` (float) to what `storage` can hold. Scales grow where a weight does not fit, and
// are found anew, one for each index of the axis, when the number of indices changed. A weight of 0
// stays 0. Throws InputError, naming `name`, when a value is too large for the type.
StoredWeight stored_weight(const at::Tensor& weight, const Storage& storage,
                           const std::string& name);

// The float weight that a reader of the file computes.
at::Tensor read_weight(const StoredWeight& stored);

// The network that a reader of its file gets: every weight rounded to what its storage can hold.
// Tensors are shared where nothing changes.
Network as_stored(Network network);

}  // namespace ncprune
