#include "ncprune/model/architectures.h"

#include <fmt/format.h>

#include "ncprune/base/lookup.h"

namespace ncprune {

std::pair<int64_t, int64_t> pair_in(const Spec& spec, const std::string& wanted) {
  const std::vector<std::string> items = split(spec.argument, '-');
  if (items.size() != 2) {
    throw InputError(
        fmt::format("'{}': the argument is '{}'; wanted {}", spec.text, spec.argument, wanted));
  }
  const auto number = [&](const std::string& item) {
    return parse_integers(item, fmt::format("'{}': {}", spec.text, wanted), 1, 1000).front();
  };
  return {number(items[0]), number(items[1])};
}

Network build_network(const std::string& text, const std::vector<int64_t>& sample_shape,
                      int64_t num_classes, Random random) {
  const Spec spec = parse_spec(text);
  return find_named(architectures(), spec.name, "architecture")
      .build(spec, sample_shape, num_classes, random);
}

}  // namespace ncprune
