#include "fuzz/target.h"
#include "ncprune/data/npz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ncprune::fuzz(data, size, [](std::string_view bytes) {
    const ncprune::NpzArchive archive = ncprune::parse_npz(bytes, {"x", "y"}, "input");
    for (const auto& [name, array] : archive.arrays) {
      size_t count = 1;
      for (const int64_t dimension : array.shape) count *= static_cast<size_t>(dimension);
      ncprune::require(ncprune::to_floats(array).size() == count);
      ncprune::require(ncprune::to_integers(array, name).size() == count);
    }
  });
}
