#include "ncprune/model/architectures.h"

#include "ncprune/base/lookup.h"

namespace ncprune {

Network build_network(const std::string& text, const std::vector<int64_t>& sample_shape,
                      int64_t num_classes, Random random) {
  const Spec spec = parse_spec(text);
  return find_named(architectures(), spec.name, "architecture")
      .build(spec, sample_shape, num_classes, random);
}

}  // namespace ncprune
