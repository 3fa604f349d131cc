#pragma once

#include <chrono>

#include "ncprune/base/tensor.h"
#include "ncprune/distributed/launch.h"

namespace ncprune {

// The processes that do one job together. Each has all of the data and runs the same program with
// the same seeds; in passes over samples each takes a part, and what they found is added up, so
// that all of them go on with the same numbers. One thread of a process may call these, in the same
// order in every process. A process alone, or before join_world(), has rank 0 of 1, and all sums
// are what it has itself, at no cost.

// Meets the others of `launch`: c10d's process group over Gloo, on the network through which rank 0
// is reached, or the interface $GLOO_SOCKET_IFNAME, within `patience`. For trusted networks.
// Throws InputError when they do not come. From then on everything below throws InputError when one
// of them has gone, or has not come to the same place for ten minutes.
void join_world(const Launch& launch, std::chrono::seconds patience = std::chrono::minutes(2));

// Waits for the others to be done too: the last call of a process that is.
void leave_world();

int64_t world_rank();
int64_t world_size();

// The sum over all processes of `part`, which has the same shape everywhere; the same bits
// everywhere, on the device of `part`. Its memory is used for the result.
at::Tensor sum_over_world(at::Tensor part);

// The same at the end of a pass, in main memory, where a process that had nothing to do may have an
// undefined part; undefined when all have. At most 4 axes, float, double or int64.
at::Tensor sum_found(at::Tensor part);

// The largest elements found, likewise: a process that had nothing to do has an undefined part.
at::Tensor largest_found(at::Tensor part);

// The rows of all processes in one tensor [size, ...]; `rows` [n, ...] of this one, undefined for
// n = 0, begin at `first`.
at::Tensor gather_rows(const at::Tensor& rows, int64_t first, int64_t size);

// What falls to this process of `size` things of which each gets neighbours, as even as can be.
struct Share {
  int64_t begin;
  int64_t end;
};
Share world_share(int64_t size);

}  // namespace ncprune
