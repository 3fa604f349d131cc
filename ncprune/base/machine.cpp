#include "ncprune/base/machine.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <sched.h>

#include <algorithm>
#include <thread>

namespace ncprune {
namespace {

// A function of the BLAS library that is loaded; null if it has none of this name.
template <typename Function>
Function blas_function(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace

int available_cores() {
  cpu_set_t cores;
  const bool known = sched_getaffinity(0, sizeof(cores), &cores) == 0;
  const unsigned all = std::thread::hardware_concurrency();
  return std::max(1, known ? CPU_COUNT(&cores) : static_cast<int>(all));
}

std::string openblas_config() {
  const auto get = blas_function<char* (*)()>("openblas_get_config");
  return get == nullptr ? "" : get();
}

void set_openblas_threads(int threads) {
  if (const auto set = blas_function<void (*)(int)>("openblas_set_num_threads")) set(threads);
}

BlasLibrary blas_library() {
  if (at::hasMKL()) return {"MKL, part of LibTorch", at::get_num_threads()};
  const std::string config = openblas_config();
  if (config.empty()) return {"not OpenBLAS", std::nullopt};
  const auto threads = blas_function<int (*)()>("openblas_get_num_threads");
  return {config, threads == nullptr ? std::nullopt : std::optional(threads())};
}

}  // namespace ncprune
