#include <algorithm>

#include "fuzz/target.h"
#include "ncprune/data/cifar.h"

// The first byte chooses between CIFAR-10 and CIFAR-100.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ncprune::fuzz(data, size, [](std::string_view bytes) {
    if (bytes.empty()) return;
    const ncprune::CifarForm& form = bytes[0] % 2 == 0 ? ncprune::kCifar10 : ncprune::kCifar100;
    const ncprune::CifarRecords records = ncprune::parse_cifar(bytes.substr(1), form, "input");
    ncprune::require(!records.labels.empty());
    ncprune::require(records.pixels.size() == records.labels.size() * 3 * 32 * 32);
    ncprune::require(*std::max_element(records.labels.begin(), records.labels.end()) <
                     form.classes);
  });
}
