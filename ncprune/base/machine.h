#pragma once

#include <optional>
#include <string>

namespace ncprune {

// Number of cores on which this process may run.
int available_cores();

// The configuration of OpenBLAS, such as "OpenBLAS 0.3.21 USE_OPENMP Haswell"; empty if BLAS is
// another library.
std::string openblas_config();

// Sets the number of threads of OpenBLAS, which has a count of its own; nothing if BLAS is another
// library.
void set_openblas_threads(int threads);

// The library that multiplies matrices.
struct BlasLibrary {
  std::string name;            // with version and build, as far as the library says them
  std::optional<int> threads;  // none: the library has no thread count that can be read
};
BlasLibrary blas_library();

}  // namespace ncprune
