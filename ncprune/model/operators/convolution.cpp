// Conv and ConvTranspose over one to three spatial axes.
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/convolution.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ncprune/model/fuse_convolutions.h"
#include "ncprune/model/operators.h"
#include "ncprune/model/sample_order.h"
#include "ncprune/model/sparse_convolution.h"
#include "ncprune/model/windows.h"

namespace ncprune::operators_files {
namespace {

at::Tensor optional_bias(const Tensors& inputs) {
  return inputs.size() > 2 ? inputs[2] : at::Tensor();
}

// The channels of a weight [first, second / groups, kernel...]: Conv computes the first from the
// second, ConvTranspose the second from the first.
struct Channels {
  int64_t groups;
  int64_t first;
  int64_t second;
};

Channels channels_of(const Node& node, const Tensors& inputs) {
  const at::Tensor& x = inputs.at(0);
  const at::Tensor& weight = inputs.at(1);
  const int64_t groups = node.integer("group", 1);
  if (x.dim() != weight.dim() || x.dim() < 3) {
    refuse(node, fmt::format("a weight of shape [{}] over a value of shape [{}]",
                             fmt::join(weight.sizes(), ", "), fmt::join(x.sizes(), ", ")));
  }
  if (groups < 1 || groups > weight.size(0) || weight.size(0) % groups != 0 || weight.size(1) < 1) {
    refuse(node, fmt::format("{} groups with a weight of shape [{}]", groups,
                             fmt::join(weight.sizes(), ", ")));
  }
  return {groups, weight.size(0), weight.size(1) * groups};
}

void require_channels(const Node& node, const Tensors& inputs, int64_t in, int64_t out) {
  const at::Tensor bias = optional_bias(inputs);
  if (inputs[0].size(1) != in) {
    refuse(node, fmt::format("{} input channels; its weight takes {}", inputs[0].size(1), in));
  }
  if (bias.defined() && (bias.dim() != 1 || bias.size(0) != out)) {
    refuse(node,
           fmt::format("a bias of shape [{}] for {} channels", fmt::join(bias.sizes(), ", "), out));
  }
}

std::vector<int64_t> joined(std::vector<int64_t> front, const std::vector<int64_t>& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

// oneDNN reads and writes pictures a fifth faster when a position's channels lie side by side, and
// the values computed from a result stay in that order.
at::Tensor in_fast_order(const at::Tensor& x) {
  return x.dim() == 4 ? with_channels_together(x) : x;
}

// Whether the gradient by zero elements of the weight is wanted.
bool learns_zeros(const at::Tensor& weight, const RunMode& mode) {
  return at::GradMode::is_enabled() && weight.requires_grad() && !mode.keep_zeros;
}

// The convolution of a Conv's first three inputs, with the same pads on both sides.
SparseConvolution convolution_of(const Node& node, const Tensors& inputs) {
  const auto [groups, out, in] = channels_of(node, inputs);
  require_channels(node, inputs, in, out);
  const at::Tensor& x = inputs[0];
  const at::Tensor& weight = inputs[1];
  Windows windows = windows_over(node, x.sizes(), weight.sizes().slice(2));
  require_affordable(node, joined({x.size(0), out}, windows.positions));
  // The patches of one sample: LibTorch's fallback multiplies them.
  require_affordable(node, joined(joined({in}, windows.kernel), windows.positions));
  if (windows.pads_begin == windows.pads_end) {
    return {x, weight, optional_bias(inputs), windows, groups};
  }
  const at::Tensor padded = pad_windows(node, x, windows, 0);
  windows.pads_begin = windows.pads_end = std::vector<int64_t>(windows.axes(), 0);
  return {padded, weight, optional_bias(inputs), windows, groups};
}

bool runs_sparse(const SparseConvolution& convolution, const RunMode& mode) {
  return !learns_zeros(convolution.weight, mode) && is_sparse(convolution);
}

at::Tensor dense_convolution(const SparseConvolution& convolution) {
  const Windows& windows = convolution.windows;
  const std::vector<int64_t> none(windows.axes(), 0);
  return at::convolution(in_fast_order(convolution.x), convolution.weight, convolution.bias,
                         windows.strides, windows.pads_begin, windows.dilations,
                         /*transposed=*/false, none, convolution.groups);
}

Tensors run_conv(const Node& node, const Tensors& inputs, const RunMode& mode) {
  const SparseConvolution convolution = convolution_of(node, inputs);
  if (runs_sparse(convolution, mode)) return {sparse_convolution(convolution).y};
  return {dense_convolution(convolution)};
}

Tensors run_fused_conv(const Node& node, const Tensors& inputs, const RunMode& mode) {
  SparseConvolution convolution = convolution_of(node, inputs);
  const at::Tensor& x = inputs[0];
  const at::Tensor summand = inputs.size() > 3 ? inputs[3] : at::Tensor();
  const bool rectified = node.text("activation", "") == "Relu";
  const auto sizes = joined({x.size(0), convolution.weight.size(0)}, convolution.windows.positions);
  const bool in_place = !summand.defined() || summand.sizes() == sizes;
  if (in_place && runs_sparse(convolution, mode)) {
    convolution.summand = summand;
    convolution.rectified = rectified;
    const bool padded = !convolution.x.is_same(x);
    const SparseResult result = sparse_convolution(convolution);
    return {result.y, padded ? x : result.x};
  }
  at::Tensor y = dense_convolution(convolution);
  if (summand.defined()) y = in_place ? y.add_(summand) : y + summand;
  return {rectified ? y.relu_() : y, x};
}

// Sets the positions, and the pads to the amounts cut from both ends of the whole overlap-add of
// `sizes` windows; pads_end is negative where the result is longer than that.
void crop(const Node& node, Windows& windows, at::IntArrayRef sizes) {
  const std::string auto_pad = node.text("auto_pad", "NOTSET");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  const std::vector<int64_t> extra = per_axis(node, "output_padding", windows.axes(), 0);
  std::vector<int64_t> wanted;
  if (same) wanted = windows.strides;
  for (size_t axis = 0; axis < wanted.size(); ++axis) wanted[axis] *= sizes[axis];
  if (node.attributes.contains("output_shape")) {
    wanted = per_axis(node, "output_shape", windows.axes(), 1);
  }
  for (size_t axis = 0; axis < windows.axes(); ++axis) {
    const int64_t whole = (sizes[axis] - 1) * windows.strides[axis] + windows.extent(axis);
    int64_t& begin = windows.pads_begin[axis];
    int64_t& end = windows.pads_end[axis];
    if (!wanted.empty()) {
      const int64_t cut = std::max<int64_t>(0, whole + extra[axis] - wanted[axis]);
      begin = auto_pad == "SAME_UPPER" ? cut / 2 : cut - cut / 2;
      end = whole - wanted[axis] - begin;
    } else if (auto_pad == "VALID") {
      begin = 0;
      end = -extra[axis];
    } else {
      end -= extra[axis];
    }
    windows.positions.push_back(whole - begin - end);
    if (windows.positions.back() > 0) continue;
    refuse(node, fmt::format("pads remove the whole axis of {} elements", whole));
  }
}

Tensors run_conv_transpose(const Node& node, const Tensors& inputs, const RunMode&) {
  const auto [groups, in, out] = channels_of(node, inputs);
  require_channels(node, inputs, in, out);
  const at::Tensor& x = inputs[0];
  const at::Tensor& weight = inputs[1];
  Windows windows = windows_of(node, weight.sizes().slice(2));
  crop(node, windows, x.sizes().slice(2));
  require_affordable(node, joined({x.size(0), out}, windows.positions));
  std::vector<int64_t> whole{x.size(0), out};
  for (size_t axis = 0; axis < windows.axes(); ++axis) {
    whole.push_back(windows.positions[axis] + windows.pads_begin[axis] + windows.pads_end[axis]);
  }
  require_grown(node, whole, x.numel() + weight.numel());
  require_affordable(node, joined(joined({out}, windows.kernel), x.sizes().slice(2).vec()));
  const std::vector<int64_t> none(windows.axes(), 0);
  const at::Tensor sum = at::convolution(x, weight, {}, windows.strides, none, windows.dilations,
                                         /*transposed=*/true, none, groups);
  std::vector<int64_t> pads = windows.pads();
  for (int64_t& pad : pads) pad = -pad;
  const at::Tensor cropped = at::constant_pad_nd(sum, pads);
  const at::Tensor bias = optional_bias(inputs);
  if (!bias.defined()) return {cropped};
  return {cropped + bias.reshape(joined({1, out}, std::vector<int64_t>(windows.axes(), 1)))};
}

}  // namespace

std::vector<Operator> convolution() {
  return {{"Conv", "1 to 3 spatial axes; groups, strides, dilations, any pads", run_conv},
          {"ConvTranspose", "1 to 3 spatial axes; groups, strides, dilations, any pads",
           run_conv_transpose}};
}

}  // namespace ncprune::operators_files

namespace ncprune {

const std::shared_ptr<const Operator>& fused_convolution() {
  static const auto fused = std::make_shared<const Operator>(
      Operator{"FusedConv", "Conv, then a sum and Relu", operators_files::run_fused_conv});
  return fused;
}

}  // namespace ncprune
