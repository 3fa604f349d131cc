// Gemm and MatMul: with a constant matrix, a fully connected layer; of two computed values, as in
// attention, a product of matrices.
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include "ncprune/compile/lowering.h"
#include "ncprune/model/operators.h"

namespace ncprune::lowerings_files {
namespace {

// x [..., K] times weight [M, K], plus bias [M].
void add_layer(ProgramBuilder& builder, const Node& node, const ProgramOperand& x,
               const std::pair<at::Tensor, at::Tensor>& weight_and_bias) {
  const auto& [weight, bias] = weight_and_bias;
  const ValueId out = builder.define_value(node);
  const int64_t inputs = x.shape.back();
  if (weight.size(1) != inputs) refuse(node, "its weight does not fit its input");
  if (element_count(x.shape) == inputs) return builder.add(ProductStep{x, out, weight, bias});
  ConvolutionStep step{.in = builder.whole(x),
                       .out = out,
                       .axis = static_cast<int64_t>(x.shape.size()) - 1,
                       .weight = weight,
                       .bias = bias,
                       .groups = 1,
                       .group_planes = inputs,
                       .taps = {}};
  for (int64_t k = 0; k < inputs; ++k) step.taps.push_back({k, 0, 0});
  builder.add(std::move(step));
}

void lower_gemm(ProgramBuilder& builder, const Node& node) {
  if (node.integer("transA", 0) != 0) refuse(node, "transA is not supported by compile");
  const at::Tensor matrix = builder.constant(node, 1);
  const at::Tensor rows = node.integer("transB", 0) != 0 ? matrix : matrix.t();
  const at::Tensor weight = (rows.to(at::kDouble) * node.number("alpha", 1)).to(at::kFloat);
  at::Tensor bias = at::zeros({weight.size(0)}, at::kDouble);
  if (builder.has_input(node, 2)) {
    const at::Tensor added = builder.constant(node, 2).to(at::kDouble) * node.number("beta", 1);
    if (added.numel() != 1 && added.numel() != weight.size(0)) {
      refuse(node, "compile takes only one bias for each output");
    }
    bias = added.flatten().expand({weight.size(0)});
  }
  add_layer(builder, node, builder.operand(node, 0), {weight.contiguous(), bias.contiguous()});
}

// The operand with its matrices counted along one axis, repeated where the other one has more.
ProgramOperand stacked(const ProgramOperand& operand, const std::vector<int64_t>& shape) {
  std::vector<int64_t> whole(shape.begin(), shape.end() - 2);
  whole.insert(whole.end(), operand.shape.end() - 2, operand.shape.end());
  const int64_t count = element_count({shape.begin(), shape.end() - 2});
  return reshaped(broadcast_to(operand, whole),
                  {count, operand.shape.end()[-2], operand.shape.end()[-1]});
}

void lower_matmul(ProgramBuilder& builder, const Node& node) {
  const ProgramOperand left = builder.operand(node, 0);
  const ProgramOperand right = builder.operand(node, 1);
  if (left.shape.size() < 2 || right.shape.size() < 2) {
    refuse(node, "compile takes only matrices, not vectors");
  }
  if (right.is_constant() && right.shape.size() == 2) {
    const at::Tensor weight = right.constant.t().to(at::kFloat).contiguous();
    return add_layer(builder, node, left, {weight, at::zeros({weight.size(0)}, at::kDouble)});
  }
  const ValueId out = builder.define_value(node);
  const std::vector<int64_t>& shape = builder.shape_of(node.outputs.front());
  builder.add(MatrixProductStep{stacked(left, shape), stacked(right, shape), out,
                                element_count({shape.begin(), shape.end() - 2}), shape.end()[-2],
                                left.shape.back(), shape.back()});
}

}  // namespace

std::vector<Lowering> linear() {
  return {{"Gemm", lower_gemm}, {"MatMul", lower_matmul}};
}

}  // namespace ncprune::lowerings_files
