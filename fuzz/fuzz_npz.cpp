#include "fuzz/target.h"
#include "ncprune/data/npz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ncprune::fuzz(data, size, [](std::string_view bytes) {
    const ncprune::NpzArchive archive = ncprune::parse_npz(bytes, {"x", "y"}, "input");
    for (const auto& [name, array] : archive.arrays) {
      size_t count = 1;
      for (const int64_t dimension : array.shape) count *= static_cast<size_t>(dimension);
      ncprune::require(ncprune::to_floats(array).size() == count);
      ncprune::require(ncprune::to_integers(array, name).size() == count);
    }
  });
  return ncprune::fuzz(data, size, [](std::string_view bytes) {
    const ncprune::NpzArchive archive =
        ncprune::read_npz(ncprune::file_of(bytes), {.wanted = {"x", "y"}, .may_stay = {"x"}});
    for (const auto& [name, array] : archive.arrays) {
      if (!array.stored) continue;
      size_t bytes_of_all = static_cast<size_t>(array.dtype[1] - '0');
      for (const int64_t dimension : array.shape) bytes_of_all *= static_cast<size_t>(dimension);
      ncprune::require(array.stored->read(0, bytes_of_all).size() == bytes_of_all);
    }
  });
}
