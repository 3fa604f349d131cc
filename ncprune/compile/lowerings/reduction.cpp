// Reductions, and the normalisations that are built from them.
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "ncprune/compile/lowering.h"
#include "ncprune/model/operators.h"

namespace ncprune::lowerings_files {
namespace {

// How the elementwise result of operands is reduced.
struct Reducing {
  ReductionKind kind = ReductionKind::kSum;
  double scale = 1;
  std::vector<ScalarOperation> operations = {};
};

std::vector<int64_t> kept_shape(std::vector<int64_t> shape, const std::vector<int64_t>& axes) {
  for (const int64_t axis : axes) shape[static_cast<size_t>(axis)] = 1;
  return shape;
}

// Reduces the operands, all of the shape of the first one, over `axes`, which stay with size 1.
ProgramOperand reduce(ProgramBuilder& builder, std::vector<ProgramOperand> operands,
                      const std::vector<int64_t>& axes, const Reducing& how) {
  const std::vector<int64_t> shape = operands.front().shape;
  const std::vector<int64_t> kept = kept_shape(shape, axes);
  for (ProgramOperand& operand : operands) operand = broadcast_to(operand, shape);
  const ValueId out = builder.add_value(kept);
  const at::Tensor target = at::arange(element_count(kept), at::kLong).reshape(kept).expand(shape);
  builder.add(ReductionStep{out, std::move(operands), how.operations, target, how.kind, how.scale});
  return whole_value(out, kept);
}

double share_of(const ProgramOperand& x, const std::vector<int64_t>& axes) {
  return static_cast<double>(element_count(kept_shape(x.shape, axes))) /
         static_cast<double>(element_count(x.shape));
}

struct ReductionRow {
  const char* name;
  ReductionKind kind;
  const char* before;  // on each element
  const char* after;   // on the result
};

constexpr ReductionRow kReductionRows[] = {
    {"ReduceL1", ReductionKind::kSum, "fabsf({0})", nullptr},
    {"ReduceL2", ReductionKind::kSum, "nc_square({0})", "sqrtf({0})"},
    {"ReduceLogSum", ReductionKind::kSum, nullptr, "logf({0})"},
    {"ReduceMax", ReductionKind::kMax, nullptr, nullptr},
    {"ReduceMean", ReductionKind::kSum, nullptr, nullptr},
    {"ReduceMin", ReductionKind::kMin, nullptr, nullptr},
    {"ReduceProd", ReductionKind::kProduct, nullptr, nullptr},
    {"ReduceSum", ReductionKind::kSum, nullptr, nullptr},
    {"ReduceSumSquare", ReductionKind::kSum, "nc_square({0})", nullptr}};

void lower_reduction(ProgramBuilder& builder, const Node& node, const ReductionRow& row) {
  const ProgramOperand x = builder.operand(node, 0);
  const auto rank = static_cast<int64_t>(x.shape.size());
  if (builder.has_input(node, 1)) builder.constant(node, 1);
  std::vector<int64_t> axes = axes_of(node, builder.constants(node), rank);
  if (axes.empty() && node.integer("noop_with_empty_axes", 0) != 0) return builder.define(node, x);
  if (axes.empty()) {
    axes.resize(x.shape.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  Reducing how{.kind = row.kind};
  if (std::string(row.name) == "ReduceMean") how.scale = share_of(x, axes);
  if (row.before != nullptr) how.operations = {{row.before, {0}}};
  ProgramOperand result = reduce(builder, {x}, axes, how);
  if (row.after != nullptr) result = builder.map(result.shape, {result}, {{row.after, {0}}});
  builder.define(node, reshaped(result, builder.shape_of(node.outputs.front())));
}

void lower_global_pool(ProgramBuilder& builder, const Node& node) {
  const ProgramOperand x = builder.operand(node, 0);
  std::vector<int64_t> axes(x.shape.size() - 2);
  std::iota(axes.begin(), axes.end(), 2);
  const bool mean = node.op_type == "GlobalAveragePool";
  builder.define(node, reduce(builder, {x}, axes,
                              {.kind = mean ? ReductionKind::kSum : ReductionKind::kMax,
                               .scale = mean ? share_of(x, axes) : 1}));
}

// The largest element is subtracted before exp, so that no sum overflows.
void lower_softmax(ProgramBuilder& builder, const Node& node) {
  const ProgramOperand x = builder.operand(node, 0);
  const std::vector<int64_t> axes{axis_of(node, -1, static_cast<int64_t>(x.shape.size()))};
  const ProgramOperand largest = reduce(builder, {x}, axes, {.kind = ReductionKind::kMax});
  if (node.op_type == "LogSoftmax") {
    const ProgramOperand sum =
        reduce(builder, {x, largest}, axes,
               {.operations = {{"({0} - {1})", {0, 1}}, {"nc_exp({0})", {-1}}}});
    return builder.define(
        node,
        builder.map(x.shape, {x, largest, sum},
                    {{"({0} - {1})", {0, 1}}, {"logf({0})", {2}}, {"({0} - {1})", {-1, -2}}}));
  }
  const ProgramOperand exponentials =
      builder.map(x.shape, {x, largest}, {{"({0} - {1})", {0, 1}}, {"nc_exp({0})", {-1}}});
  const ProgramOperand sum = reduce(builder, {exponentials}, axes, {});
  const ProgramOperand inverse = builder.map(sum.shape, {sum}, {{"(1.0f / {0})", {0}}});
  builder.define(node, builder.map(x.shape, {exponentials, inverse}, {{"({0} * {1})", {0, 1}}}));
}

void lower_log_sum_exp(ProgramBuilder& builder, const Node& node) {
  const ProgramOperand x = builder.operand(node, 0);
  std::vector<int64_t> axes =
      axes_of(node, builder.constants(node), static_cast<int64_t>(x.shape.size()));
  if (axes.empty()) {
    axes.resize(x.shape.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  const ProgramOperand largest = reduce(builder, {x}, axes, {.kind = ReductionKind::kMax});
  const ProgramOperand sum =
      reduce(builder, {x, largest}, axes,
             {.operations = {{"({0} - {1})", {0, 1}}, {"nc_exp({0})", {-1}}}});
  const ProgramOperand result =
      builder.map(sum.shape, {sum, largest}, {{"logf({0})", {0}}, {"({0} + {1})", {-1, 1}}});
  builder.define(node, reshaped(result, builder.shape_of(node.outputs.front())));
}

// (x - mean) / sqrt(variance + epsilon) over `axes` of `x`, seen in any shape.
ProgramOperand standardized(ProgramBuilder& builder, const ProgramOperand& x,
                            const std::vector<int64_t>& axes, double epsilon) {
  const double share = share_of(x, axes);
  const ProgramOperand mean = reduce(builder, {x}, axes, {.scale = share});
  const ProgramOperand variance =
      reduce(builder, {x, mean}, axes,
             {.scale = share, .operations = {{"({0} - {1})", {0, 1}}, {"nc_square({0})", {-1}}}});
  const ProgramOperand inverse =
      builder.map(variance.shape, {variance},
                  {{fmt::format("(1.0f / sqrtf({{0}} + {}))", c_number(epsilon)), {0}}});
  return builder.map(x.shape, {x, mean, inverse},
                     {{"({0} - {1})", {0, 1}}, {"({0} * {1})", {-1, 2}}});
}

// x * scale + bias, each of the node's constants broadcast to the shape of x.
void scale_and_define(ProgramBuilder& builder, const Node& node, const ProgramOperand& x,
                      const std::vector<int64_t>& shape) {
  std::vector<ProgramOperand> operands{x};
  std::vector<ScalarOperation> operations;
  for (const size_t index : {size_t{1}, size_t{2}}) {
    if (!builder.has_input(node, index)) continue;
    at::Tensor numbers = builder.constant(node, index).to(at::kDouble);
    const int64_t wanted = element_count(shape);
    if (numbers.numel() < wanted && wanted % numbers.numel() == 0) {
      numbers = numbers.flatten().repeat_interleave(wanted / numbers.numel());  // one per group
    }
    if (numbers.numel() != wanted) refuse(node, "its scale or bias does not fit its input");
    operations.push_back(
        {index == 1 ? "({0} * {1})" : "({0} + {1})",
         {operations.empty() ? int64_t{0} : int64_t{-1}, static_cast<int64_t>(operands.size())}});
    operands.push_back({.constant = numbers.reshape(shape), .shape = shape});
  }
  builder.define(node, builder.map(x.shape, std::move(operands), std::move(operations)));
}

void lower_layer_normalization(ProgramBuilder& builder, const Node& node) {
  const ProgramOperand x = builder.operand(node, 0);
  const auto rank = static_cast<int64_t>(x.shape.size());
  std::vector<int64_t> axes;
  for (int64_t axis = axis_of(node, -1, rank); axis < rank; ++axis) axes.push_back(axis);
  const std::vector<int64_t> normalized(x.shape.begin() + axes.front(), x.shape.end());
  const ProgramOperand result = standardized(builder, x, axes, node.number("epsilon", 1e-5));
  scale_and_define(builder, node, result, normalized);
}

// Groups of channels; InstanceNormalization has one group for each channel.
void lower_group_normalization(ProgramBuilder& builder, const Node& node) {
  const ProgramOperand x = builder.operand(node, 0);
  if (x.shape.size() < 3) refuse(node, "a value without spatial axes");
  const int64_t channels = x.shape[1];
  const int64_t groups =
      node.op_type == "InstanceNormalization" ? channels : node.integer("num_groups", 0);
  const ProgramOperand grouped = reshaped(x, {1, groups, element_count(x.shape) / groups});
  const ProgramOperand result =
      reshaped(standardized(builder, grouped, {2}, node.number("epsilon", 1e-5)), x.shape);
  std::vector<int64_t> shape(x.shape.size(), 1);
  shape[1] = channels;
  scale_and_define(builder, node, result, shape);
}

void lower_lrn(ProgramBuilder& builder, const Node& node) {
  const ProgramOperand x = builder.operand(node, 0);
  const int64_t size = node.integer("size", 0);
  const int64_t channels = x.shape.at(1);
  const ProgramOperand squares = builder.map(x.shape, {x}, {{"nc_square({0})", {0}}});
  at::Tensor index = at::zeros({channels, size}, at::kLong);
  at::Tensor weight = at::zeros({channels, size}, at::kFloat);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t k = 0; k < size; ++k) {
      const int64_t place = c + k - (size - 1) / 2;
      if (place < 0 || place >= channels) continue;
      index[c][k] = place;
      weight[c][k] = 1;
    }
  }
  const ValueId sums = builder.add_value(x.shape);
  builder.add(ResampleStep{squares, sums, 1, channels, channels, element_count(x.shape) / channels,
                           size, index, weight});
  const std::string factor = fmt::format(
      "powf({{0}} * {} + {}, {})", c_number(node.number("alpha", 1e-4) / static_cast<double>(size)),
      c_number(node.number("bias", 1)), c_number(-node.number("beta", 0.75)));
  builder.define(node, builder.map(x.shape, {x, whole_value(sums, x.shape)},
                                   {{factor, {1}}, {"({0} * {1})", {0, -1}}}));
}

}  // namespace

std::vector<Lowering> reduction() {
  std::vector<Lowering> list{{"GlobalAveragePool", lower_global_pool},
                             {"GlobalMaxPool", lower_global_pool},
                             {"GroupNormalization", lower_group_normalization},
                             {"InstanceNormalization", lower_group_normalization},
                             {"LRN", lower_lrn},
                             {"LayerNormalization", lower_layer_normalization},
                             {"LogSoftmax", lower_softmax},
                             {"ReduceLogSumExp", lower_log_sum_exp},
                             {"Softmax", lower_softmax}};
  for (const ReductionRow& row : kReductionRows) {
    list.push_back({row.name, [row](ProgramBuilder& builder, const Node& node) {
                      lower_reduction(builder, node, row);
                    }});
  }
  return list;
}

}  // namespace ncprune::lowerings_files
