#include "fuzz/target.h"
#include "ncprune/data/image.h"
#include "ncprune/data/image_list.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ncprune::fuzz(data, size, [](std::string_view bytes) {
    for (const ncprune::ListedImage& image : ncprune::parse_image_list(bytes, "input")) {
      ncprune::require(ncprune::is_image_name(image.path) && !image.label.empty());
      ncprune::require(!image.path.starts_with('/') &&
                       image.path.find("/../") == std::string::npos);
    }
  });
}
