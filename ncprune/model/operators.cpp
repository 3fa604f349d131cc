#include "ncprune/model/operators.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "ncprune/base/error.h"

namespace ncprune {

void refuse(const Node& node, const std::string& what) {
  throw InputError(fmt::format("node {} ({}): {}", node.label(), node.op_type, what));
}

void require_affordable(const Node& node, at::IntArrayRef shape) {
  constexpr double kMaxElements = 1 << 30;
  double count = 1;
  for (const int64_t n : shape) count *= static_cast<double>(n);
  if (count <= kMaxElements) return;
  refuse(node,
         fmt::format("would compute a value of shape [{}]: too large", fmt::join(shape, ", ")));
}

std::vector<int64_t> integers_in(const std::vector<at::Tensor>& inputs, size_t index,
                                 std::vector<int64_t> fallback) {
  if (index >= inputs.size() || !inputs[index].defined()) return fallback;
  const at::Tensor values = inputs[index].to(at::kCPU, at::kLong).contiguous();
  const auto view = elements<int64_t>(values);
  return {view.begin(), view.end()};
}

std::vector<int64_t> axes_of(const Node& node, const std::vector<at::Tensor>& inputs,
                             int64_t rank) {
  std::vector<int64_t> axes = integers_in(inputs, 1, node.integers("axes", {}));
  std::set<int64_t> seen;
  for (int64_t& axis : axes) {
    const int64_t given = axis;
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank || !seen.insert(axis).second) {
      refuse(node, fmt::format("axis {} of a value of {} dimensions", given, rank));
    }
  }
  return axes;
}

const Operator* find_operator(const std::string& name) {
  const std::vector<Operator>& table = operators();
  const auto found =
      std::lower_bound(table.begin(), table.end(), name,
                       [](const Operator& o, const std::string& n) { return o.name < n; });
  return found != table.end() && found->name == name ? &*found : nullptr;
}

}  // namespace ncprune
