#include "fuzz/target.h"
#include "ncprune/data/npy.h"

// Apart from fuzz_npz, where the archive's checksums keep most changed arrays from being parsed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ncprune::fuzz(data, size, [](std::string_view bytes) {
    const ncprune::NpyArray array = ncprune::parse_npy(bytes, "input");
    size_t count = 1;
    for (const int64_t dimension : array.shape) count *= static_cast<size_t>(dimension);
    ncprune::require(ncprune::to_floats(array).size() == count);
    ncprune::require(ncprune::to_integers(array, "input").size() == count);
  });
}
