#include "ncprune/model/operators.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

constexpr double kMaxElements = 1 << 30;

void require_at_most(const Node& node, at::IntArrayRef shape, double max_elements) {
  double count = 1;
  // An axis without elements does not make the others affordable: loops run over them too.
  for (const int64_t n : shape) count *= static_cast<double>(std::max<int64_t>(n, 1));
  if (count <= max_elements) return;
  refuse(node,
         fmt::format("would compute a value of shape [{}]: too large", fmt::join(shape, ", ")));
}

int64_t checked_axis(const Node& node, int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  refuse(node, fmt::format("axis {} of a value of {} dimensions", axis, rank));
}

}  // namespace

void refuse(const Node& node, const std::string& what) {
  throw InputError(fmt::format("node {} ({}): {}", node.label(), node.op_type, what));
}

void require_affordable(const Node& node, at::IntArrayRef shape) {
  require_at_most(node, shape, kMaxElements);
}

void require_grown(const Node& node, at::IntArrayRef shape, int64_t inputs) {
  constexpr double kSmall = 1 << 24;
  constexpr double kGrowth = 64;
  require_at_most(node, shape,
                  std::min(kMaxElements, std::max(kSmall, kGrowth * static_cast<double>(inputs))));
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
    axis = checked_axis(node, axis, rank);
    if (!seen.insert(axis).second) refuse(node, fmt::format("axis {} is given twice", axis));
  }
  return axes;
}

int64_t axis_of(const Node& node, int64_t fallback, int64_t rank) {
  return checked_axis(node, node.integer("axis", fallback), rank);
}

const Operator* operator_of(const Node& node) {
  const std::vector<Operator>& table = operators();
  const auto found =
      std::lower_bound(table.begin(), table.end(), node.op_type,
                       [](const Operator& o, const std::string& n) { return o.name < n; });
  const bool known = node.domain.empty() && found != table.end() && found->name == node.op_type;
  return known ? &*found : node.foreign.get();
}

}  // namespace ncprune
