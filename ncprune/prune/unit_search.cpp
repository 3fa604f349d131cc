#include "ncprune/prune/unit_search.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/matmul.h>

#include <limits>

namespace ncprune {

Removal remove_inputs(const LayerProblem& problem, const at::Tensor& row_weights, int64_t count) {
  // Rows and columns of what left are dropped once they are this share of the whole: until then
  // they are zeros that are carried along.
  constexpr double kCompactAt = 0.125;
  at::Tensor inverse = at::cholesky_inverse(at::linalg_cholesky(problem.metric));
  // Scaled by the row weights' roots, a column's cost is a plain sum of squares.
  at::Tensor weight = at::matmul(problem.cross, inverse) * row_weights.sqrt().unsqueeze(1);
  at::Tensor left = at::arange(inverse.size(0), at::TensorOptions(at::kLong));
  at::Tensor gone = at::full({inverse.size(0)}, 0.0, inverse.options());
  int64_t holes = 0;
  Removal removal;
  for (int64_t step = 0; step < count; ++step) {
    if (static_cast<double>(holes) > kCompactAt * static_cast<double>(left.size(0))) {
      const at::Tensor stay = gone.eq(0).nonzero().flatten();
      inverse = inverse.index_select(0, stay).index_select(1, stay);
      weight = weight.index_select(1, stay);
      left = left.index_select(0, stay);
      gone = at::full({left.size(0)}, 0.0, inverse.options());
      holes = 0;
    }
    const at::Tensor pivots = inverse.diagonal().clamp_min(1e-300);
    const at::Tensor costs = weight.square().sum(0) / pivots + gone;
    const int64_t j = costs.argmin().item<int64_t>();
    removal.order.push_back(left[j].item<int64_t>());
    removal.costs.push_back(costs[j].item<double>());
    const double pivot = pivots[j].item<double>();
    const at::Tensor row = inverse[j].clone();
    const at::Tensor column = weight.select(1, j).clone();
    weight.addr_(column, row, 1, -1 / pivot);
    inverse.addr_(row, row, 1, -1 / pivot);
    // What left must not come back through rounding.
    inverse.select(0, j).zero_();
    inverse.select(1, j).zero_();
    weight.select(1, j).zero_();
    gone[j] = std::numeric_limits<double>::infinity();
    ++holes;
  }
  return removal;
}

}  // namespace ncprune
