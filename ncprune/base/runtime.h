#pragma once

#include <string>

namespace ncprune {

// Decides once, at start-up, who threads what: LibTorch and BLAS share one OpenMP pool of `threads`
// threads (0: as $OMP_NUM_THREADS says, else one per core this process may use), and freed tensors
// below 64 MB stay with the process instead of going back to the kernel after every operator (twice
// as fast on small networks). Call it first in main().
void configure_runtime(int threads);

// Of that pool.
int thread_count();

// Empty when BLAS threads with the same pool as LibTorch; otherwise one line on what is wrong and
// how to mend it.
std::string blas_problem();

}  // namespace ncprune
