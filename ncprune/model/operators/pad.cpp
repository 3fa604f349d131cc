// Pad: with a constant, or by repeating or mirroring the value, along any axes.
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ncprune/model/operators.h"
#include "ncprune/model/sample_order.h"

namespace ncprune::operators_files {
namespace {

// The number of elements added before and after every axis; negative where it is cut.
struct Pads {
  std::vector<int64_t> begin;
  std::vector<int64_t> end;
};

Pads pads_of(const Node& node, const Tensors& inputs) {
  const auto rank = static_cast<size_t>(inputs.at(0).dim());
  const std::vector<int64_t> given = integers_in(inputs, 1);
  std::vector<int64_t> axes = integers_in(inputs, 3);
  if (axes.empty()) {
    for (size_t axis = 0; axis < rank; ++axis) axes.push_back(static_cast<int64_t>(axis));
  }
  Pads pads{std::vector<int64_t>(rank, 0), std::vector<int64_t>(rank, 0)};
  if (given.size() != 2 * axes.size()) {
    refuse(node, fmt::format("{} pads for {} axes", given.size(), axes.size()));
  }
  std::vector<int64_t> shape = inputs[0].sizes().vec();
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t axis = axes[i] < 0 ? axes[i] + inputs[0].dim() : axes[i];
    if (axis < 0 || axis >= inputs[0].dim()) refuse(node, fmt::format("axis {}", axes[i]));
    const auto at = static_cast<size_t>(axis);
    pads.begin[at] = given[i];
    pads.end[at] = given[i + axes.size()];
    constexpr int64_t kLargest = int64_t{1} << 30;
    if (std::max(std::abs(pads.begin[at] / 2), std::abs(pads.end[at] / 2)) > kLargest ||
        (shape[at] += pads.begin[at] + pads.end[at]) < 0) {
      refuse(node, fmt::format("pads of [{}]", fmt::join(given, ", ")));
    }
  }
  require_grown(node, shape, inputs[0].numel());
  return pads;
}

// Source indices of the padded axis; `mode` is edge, reflect or wrap.
std::vector<int64_t> sources(const std::string& mode, int64_t size, int64_t begin, int64_t end) {
  const int64_t period = mode == "reflect" ? std::max<int64_t>(1, 2 * (size - 1)) : size;
  std::vector<int64_t> places;
  for (int64_t i = -begin; i < size + end; ++i) {
    const int64_t phase = (i % period + period) % period;
    if (mode == "edge") {
      places.push_back(std::clamp<int64_t>(i, 0, size - 1));
    } else {
      places.push_back(phase < size ? phase : period - phase);
    }
  }
  return places;
}

Tensors run_pad(const Node& node, const Tensors& inputs, const RunMode&) {
  at::Tensor x = inputs.at(0);
  const auto& [begin, end] = pads_of(node, inputs);
  const std::string mode = node.text("mode", "constant");
  if (mode == "constant") {
    const bool has_value = inputs.size() > 2 && inputs[2].defined();
    const bool turned = is_in_sample_order(x);
    // LibTorch's pads begin with the last axis.
    std::vector<int64_t> pads(2 * begin.size());
    for (size_t axis = 0; axis < begin.size(); ++axis) {
      const auto own = static_cast<int64_t>(axis);
      const auto place = static_cast<size_t>(turned ? axis_with_samples_last(own) : own);
      pads[2 * (begin.size() - 1 - place)] = begin[axis];
      pads[2 * (begin.size() - 1 - place) + 1] = end[axis];
    }
    const at::Scalar value = has_value ? inputs[2].item() : at::Scalar(0);
    if (!turned) return {at::constant_pad_nd(x, pads, value)};
    return {samples_first(at::constant_pad_nd(samples_last(x), pads, value))};
  }
  if (mode != "edge" && mode != "reflect" && mode != "wrap") refuse(node, "unknown mode");
  for (size_t axis = 0; axis < begin.size(); ++axis) {
    if (begin[axis] == 0 && end[axis] == 0) continue;
    const auto at = static_cast<int64_t>(axis);
    if (x.size(at) == 0) refuse(node, fmt::format("axis {} has no element", axis));
    const std::vector<int64_t> places = sources(mode, x.size(at), begin[axis], end[axis]);
    x = x.index_select(at, at::tensor(places, at::TensorOptions(at::kLong)).to(x.device()));
  }
  return {x};
}

}  // namespace

std::vector<Operator> pad() {
  return {{"Pad", "constant, edge, reflect, wrap", run_pad}};
}

}  // namespace ncprune::operators_files
