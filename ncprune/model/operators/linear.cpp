// Gemm and MatMul, the operators that hold the weights of fully connected layers.
#include <ATen/ExpandUtils.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/matmul.h>

#include "ncprune/base/sparse_product.h"
#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

// Whether a [N, d] times b [d, m] is faster as a sparse product with a pruned weight b.
bool is_pruned(const at::Tensor& a, const at::Tensor& b) {
  return !at::GradMode::is_enabled() && a.scalar_type() == at::kFloat &&
         b.scalar_type() == at::kFloat && a.dim() == 2 && b.dim() == 2 && a.size(1) == b.size(0) &&
         is_sparse(b);
}

at::Tensor pruned_product(const at::Tensor& a, const at::Tensor& b) {
  return sparse_product(b.t().contiguous(), a.t().contiguous()).t();
}

Tensors run_gemm(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor a = node.integer("transA", 0) != 0 ? inputs.at(0).t() : inputs.at(0);
  const at::Tensor b = node.integer("transB", 0) != 0 ? inputs.at(1).t() : inputs.at(1);
  if (a.dim() == 2 && b.dim() == 2) require_affordable(node, {a.size(0), b.size(1)});
  const double alpha = node.number("alpha", 1);
  const double beta = node.number("beta", 1);
  const bool biased = inputs.size() > 2 && inputs[2].defined();
  if (is_pruned(a, b)) {
    const at::Tensor result = pruned_product(a, b) * alpha;
    return {biased ? result + inputs[2] * beta : result};
  }
  if (biased) return {at::addmm(inputs[2], a, b, beta, alpha)};
  const at::Tensor result = at::matmul(a, b);
  return {alpha == 1 ? result : result * alpha};
}

Tensors run_matmul(const Node& node, const Tensors& inputs, const RunMode&) {
  const at::Tensor& a = inputs.at(0);
  const at::Tensor& b = inputs.at(1);
  if (a.dim() >= 2 && b.dim() >= 2) {
    std::vector<int64_t> shape =
        at::infer_size(a.sizes().slice(0, static_cast<size_t>(a.dim() - 2)),
                       b.sizes().slice(0, static_cast<size_t>(b.dim() - 2)));
    shape.insert(shape.end(), {a.size(-2), b.size(-1)});
    require_affordable(node, shape);
  }
  return {is_pruned(a, b) ? pruned_product(a, b) : at::matmul(a, b)};
}

}  // namespace

std::vector<Operator> linear() {
  return {{"Gemm", "alpha A B + beta C; C may be omitted", run_gemm},
          {"MatMul", "as numpy.matmul", run_matmul}};
}

}  // namespace ncprune::operators_files
