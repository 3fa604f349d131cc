#include "ncprune/prune/unit_search.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <limits>

namespace ncprune {

namespace {

// What is left of the layer: blocks of w neighbouring inputs.
struct Remaining {
  at::Tensor inverse;  // H^-1, [d, d]
  at::Tensor weight;   // V, its rows scaled by the roots of their weights, [m, d]
  at::Tensor units;    // int64 [u]: which unit each block was
  int64_t width;

  // The u diagonal blocks of H^-1, [u, w, w].
  at::Tensor pivots() const {
    const int64_t u = units.size(0);
    return inverse.view({u, width, u, width}).diagonal(0, 0, 2).permute({2, 0, 1}).contiguous();
  }

  // What every block costs, [u].
  at::Tensor costs() const {
    if (width == 1) return weight.square().sum(0) / inverse.diagonal().clamp_min(1e-300);
    const at::Tensor blocks = weight.view({weight.size(0), -1, width}).permute({1, 2, 0});
    // A removed block is zero: the identity in its place keeps the factors finite.
    const at::Tensor pivot = pivots();
    const at::Tensor zero = pivot.diagonal(0, 1, 2).sum(1).eq(0).to(pivot.scalar_type());
    const at::Tensor factor = at::linalg_cholesky(
        pivot + at::eye(width, pivot.options()) * zero.view({-1, 1, 1}));
    return at::linalg_solve_triangular(factor, blocks, /*upper=*/false).square().sum({1, 2});
  }

  // Takes block j out of the others.
  void remove(int64_t j) {
    const int64_t begin = j * width;
    const int64_t end = begin + width;
    const at::Tensor rows = inverse.slice(0, begin, end).clone();
    const at::Tensor columns = weight.slice(1, begin, end).clone();
    const at::Tensor pivot = rows.slice(1, begin, end).clone();
    pivot.diagonal().clamp_min_(1e-300);
    const at::Tensor solved = at::cholesky_solve(rows, at::linalg_cholesky(pivot));
    weight.addmm_(columns, solved, 1, -1);
    inverse.addmm_(rows.t(), solved, 1, -1);
    // What left must not come back through rounding.
    inverse.slice(0, begin, end).zero_();
    inverse.slice(1, begin, end).zero_();
    weight.slice(1, begin, end).zero_();
  }

  Remaining select(const at::Tensor& stay) const {
    const at::Tensor inputs =
        (stay.unsqueeze(1) * width + at::arange(width, stay.options())).flatten();
    return {inverse.index_select(0, inputs).index_select(1, inputs), weight.index_select(1, inputs),
            units.index_select(0, stay), width};
  }
};

}  // namespace

Removal remove_inputs(const LayerProblem& problem, const at::Tensor& row_weights,
                      const UnitCount& units) {
  // Rows and columns of what left are dropped once they are this share of the whole: until then
  // they are zeros that are carried along.
  constexpr double kCompactAt = 0.125;
  const at::Tensor inverse = at::cholesky_inverse(at::linalg_cholesky(problem.metric));
  // Scaled by the row weights' roots, a column's cost is a plain sum of squares.
  Remaining left{inverse, at::matmul(problem.cross, inverse) * row_weights.sqrt().unsqueeze(1),
                 at::arange(inverse.size(0) / units.width, at::TensorOptions(at::kLong)),
                 units.width};
  at::Tensor gone = at::zeros({left.units.size(0)}, inverse.options());  // infinity: it left
  int64_t holes = 0;
  Removal removal;
  for (int64_t step = 0; step < units.count; ++step) {
    if (static_cast<double>(holes) > kCompactAt * static_cast<double>(left.units.size(0))) {
      left = left.select(gone.eq(0).nonzero().flatten());
      gone = at::zeros({left.units.size(0)}, inverse.options());
      holes = 0;
    }
    const at::Tensor costs = left.costs() + gone;
    const int64_t j = costs.argmin().item<int64_t>();
    removal.order.push_back(left.units[j].item<int64_t>());
    removal.costs.push_back(costs[j].item<double>());
    left.remove(j);
    gone[j] = std::numeric_limits<double>::infinity();
    ++holes;
  }
  return removal;
}

}  // namespace ncprune
