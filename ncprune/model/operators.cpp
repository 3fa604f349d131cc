#include "ncprune/model/operators.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ncprune/base/error.h"

namespace ncprune {

void require_affordable(const Node& node, at::IntArrayRef shape) {
  constexpr double kMaxElements = 1 << 30;
  double count = 1;
  for (const int64_t n : shape) count *= static_cast<double>(n);
  if (count <= kMaxElements) return;
  throw InputError(fmt::format("node {} ({}) would compute a value of shape [{}]: too large",
                               node.label(), node.op_type, fmt::join(shape, ", ")));
}

const Operator* find_operator(const std::string& name) {
  const std::vector<Operator>& table = operators();
  const auto found =
      std::lower_bound(table.begin(), table.end(), name,
                       [](const Operator& o, const std::string& n) { return o.name < n; });
  return found != table.end() && found->name == name ? &*found : nullptr;
}

}  // namespace ncprune
