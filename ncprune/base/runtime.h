#pragma once

#include <cstdint>
#include <string>

namespace ncprune {

// Sets up the threads; call it first in main(). LibTorch and BLAS share one OpenMP pool of
// `threads` threads (0: $OMP_NUM_THREADS, or else one per available core). Freed tensors below 64
// MB stay with the process instead of being returned to the kernel after every operator, which is
// twice as fast on small networks.
void configure_runtime(int threads);

// Gives freed memory back to the kernel all the same. Call it after work that needed much memory,
// such as parsing a table, and is over.
void release_freed_memory();

// Number of threads in that pool.
int thread_count();

// Bytes that data may take in memory: decoded pictures that are kept for later passes, and inputs
// that are needed all at once; 4 GB unless set. REQUIRES: bytes > 0.
void set_memory_limit(int64_t bytes);
int64_t memory_limit();

// Empty when BLAS shares LibTorch's thread pool and uses the processor's vectors; otherwise one
// line that names the problem and its remedy.
std::string blas_problem();

}  // namespace ncprune
