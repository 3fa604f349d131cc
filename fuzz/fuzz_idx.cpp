#include "fuzz/target.h"
#include "ncprune/data/idx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ncprune::fuzz(data, size, [](std::string_view bytes) {
    const ncprune::IdxArray array = ncprune::parse_idx(bytes, "input");
    size_t count = 1;
    for (const int64_t dimension : array.shape) count *= static_cast<size_t>(dimension);
    ncprune::require(array.values.size() == count && count > 0);
  });
}
