#pragma once

#include <chrono>

#include "ncprune/base/tensor.h"
#include "ncprune/distributed/launch.h"

namespace ncprune {

// The processes that work on one job. Each has all of the data and runs the same program with the
// same seeds. In a pass over samples each process takes a part, and the results are summed, so that
// all continue with the same numbers. Only one thread of a process may call these functions, in the
// same order in every process. A single process, or one before join_world(), has rank 0 of 1, and
// its sums are its local values, at no cost.

// Connects to the other processes of `launch` within `patience`: c10d's process group over Gloo, on
// the network interface that reaches rank 0, or on $GLOO_SOCKET_IFNAME. Only for trusted networks.
// Throws InputError when a process does not come. After that, every function below throws
// InputError when a process has ended or has not reached the same call for ten minutes.
void join_world(const Launch& launch, std::chrono::seconds patience = std::chrono::minutes(2));

// Waits until the other processes are done; the last call of a process.
void leave_world();

int64_t world_rank();
int64_t world_size();

// The threads of this process, or the most that any of several had when they joined: the same
// number in every process, so that all can divide samples alike.
int64_t world_threads();

// The sum over all processes of `part`, which has the same shape in every process. The result is
// the same to the bit in every process, on the device of `part`, and reuses its memory.
at::Tensor sum_over_world(at::Tensor part);

// The sum over all processes at the end of a pass, in main memory. A process that had no samples
// may pass an undefined part; the sum is undefined when all parts are. At most 4 axes, float,
// double or int64.
at::Tensor sum_found(at::Tensor part);

// The elementwise maximum over all processes, with the same rules as sum_found().
at::Tensor largest_found(at::Tensor part);

// The rows of all processes in one tensor [size, ...]. `rows` [n, ...] of this process, undefined
// for n = 0, begin at row `first`.
at::Tensor gather_rows(const at::Tensor& rows, int64_t first, int64_t size);

// The consecutive part of `size` things that belongs to this process; the parts are as equal as
// possible.
struct Share {
  int64_t begin;
  int64_t end;
};
Share world_share(int64_t size);

}  // namespace ncprune
