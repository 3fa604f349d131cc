#include "ncprune/base/runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <malloc.h>

#include <climits>
#include <cstdlib>

#include "ncprune/base/machine.h"

namespace ncprune {
namespace {

// OpenMP's variable, or else one thread per available core: launchers bind processes to cores.
int default_threads() {
  const char* asked = std::getenv("OMP_NUM_THREADS");
  const int count = asked != nullptr ? std::atoi(asked) : 0;
  return count > 0 ? count : available_cores();
}

int64_t memory_bytes = 4'000'000'000;

}  // namespace

void set_memory_limit(int64_t bytes) {
  memory_bytes = bytes;
}

int64_t memory_limit() {
  return memory_bytes;
}

void configure_runtime(int threads) {
  // Adam's moments of dead weights decay into subnormal numbers, which are ten times slower. Set
  // before the first worker thread exists, because workers inherit the setting.
  at::globalContext().setFlushDenormal(true);
  // Matrices of wide layers are returned: they are few and would leave large holes.
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 64 << 20);
  if (threads == 0) threads = default_threads();
  at::set_num_threads(threads);
  set_openblas_threads(threads);
}

void release_freed_memory() {
  malloc_trim(0);
}

int thread_count() {
  return at::get_num_threads();
}

std::string blas_problem() {
  if (at::hasMKL()) return "";  // MKL uses the same pool
  const std::string config = openblas_config();
  if (config.empty()) {
    return "BLAS is not OpenBLAS; matrix products may be 40 times slower: install "
           "libopenblas0-openmp";
  }
  if (config.find("USE_OPENMP") == std::string::npos) {
    return "OpenBLAS uses a second thread pool that competes with LibTorch's: install "
           "libopenblas0-openmp and select it with update-alternatives";
  }
#if defined(__x86_64__)
  if (config.find("Prescott") != std::string::npos && __builtin_cpu_supports("avx2")) {
    return "OpenBLAS does not know this processor and is three times slower than it could be: set "
           "OPENBLAS_CORETYPE=HASWELL";
  }
#endif
  return "";
}

}  // namespace ncprune
