// Gemm and MatMul, the operators that hold the weights of fully connected layers.
#include <ATen/ops/addmm.h>
#include <ATen/ops/matmul.h>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

using Tensors = std::vector<at::Tensor>;

Tensors run_gemm(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor a = node.integer("transA", 0) != 0 ? inputs.at(0).t() : inputs.at(0);
  const at::Tensor b = node.integer("transB", 0) != 0 ? inputs.at(1).t() : inputs.at(1);
  const double alpha = node.number("alpha", 1);
  const double beta = node.number("beta", 1);
  if (inputs.size() > 2 && inputs[2].defined()) {
    return {at::addmm(inputs[2], a, b, beta, alpha)};
  }
  const at::Tensor product = at::matmul(a, b);
  return {alpha == 1 ? product : product * alpha};
}

Tensors run_matmul(const Node&, const Tensors& inputs, const RunMode&) {
  return {at::matmul(inputs.at(0), inputs.at(1))};
}

}  // namespace

std::vector<Operator> linear() {
  return {{"Gemm", "alpha A B + beta C; C may be left out", run_gemm},
          {"MatMul", "as numpy.matmul", run_matmul}};
}

}  // namespace ncprune::operators_files
