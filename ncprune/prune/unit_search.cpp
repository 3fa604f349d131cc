#include "ncprune/prune/unit_search.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <limits>

namespace ncprune {

namespace {

// The remaining part of a reader: a block of w inputs for every remaining unit, then the inputs
// from other units.
struct ReaderState {
  at::Tensor inverse;  // H^-1, [d, d]
  at::Tensor weight;   // V, its rows scaled by the roots of their weights, [m, d]
  int64_t units;       // u
  int64_t width;       // w

  static ReaderState of(const UnitReader& reader) {
    const at::Tensor own = reader.columns.flatten();
    at::Tensor others = at::ones({reader.problem.metric.size(0)}, at::TensorOptions(at::kBool));
    others.index_fill_(0, own, false);
    const at::Tensor order = at::cat({own, others.nonzero().flatten()});
    const at::Tensor inverse = at::cholesky_inverse(at::linalg_cholesky(reader.problem.metric));
    // Scaled by the row weights' roots, a column's cost is a plain sum of squares.
    const at::Tensor weight =
        at::matmul(reader.problem.cross, inverse) * reader.row_weights.sqrt().unsqueeze(1);
    return {inverse.index_select(0, order).index_select(1, order), weight.index_select(1, order),
            reader.columns.size(0), reader.columns.size(1)};
  }

  // The cost of every unit, [u].
  at::Tensor costs() const {
    const at::Tensor own = weight.slice(1, 0, units * width);
    if (width == 1) {
      return own.square().sum(0) / inverse.diagonal().slice(0, 0, units).clamp_min(1e-300);
    }
    const int64_t d = inverse.size(0);
    at::Tensor pivots = inverse.as_strided({units, width, width}, {width * (d + 1), d, 1}).clone();
    // A removed block is zero: the identity in its place keeps the factors finite.
    pivots.diagonal(0, 1, 2).add_(pivots.diagonal(0, 1, 2).eq(0));
    const at::Tensor blocks = own.reshape({weight.size(0), units, width}).permute({1, 2, 0});
    return at::linalg_solve_triangular(at::linalg_cholesky(pivots), blocks, /*upper=*/false)
        .square()
        .sum({1, 2});
  }

  // Eliminates block j from the others.
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
    // Removed inputs must not come back through rounding.
    inverse.slice(0, begin, end).zero_();
    inverse.slice(1, begin, end).zero_();
    weight.slice(1, begin, end).zero_();
  }

  // Drops all units except `stay`; the dropped ones are zero by now.
  void compact(const at::Tensor& stay) {
    const at::Tensor within = at::arange(width, stay.options());
    const at::Tensor inputs = at::cat({(stay.unsqueeze(1) * width + within).flatten(),
                                       at::arange(units * width, inverse.size(0), stay.options())});
    inverse = inverse.index_select(0, inputs).index_select(1, inputs);
    weight = weight.index_select(1, inputs);
    units = stay.size(0);
  }
};

}  // namespace

UnitOrder remove_units(const std::vector<UnitReader>& readers, int64_t count) {
  // Rows and columns of removed units are dropped once they are this share of all; until then they
  // are kept as zeros.
  constexpr double kCompactAt = 0.125;
  std::vector<ReaderState> remaining;
  remaining.reserve(readers.size());
  for (const UnitReader& reader : readers) remaining.push_back(ReaderState::of(reader));
  const at::TensorOptions options(at::kDouble);
  at::Tensor units = at::arange(readers.front().columns.size(0), at::TensorOptions(at::kLong));
  at::Tensor removed = at::zeros({units.size(0)}, options);  // infinity: removed
  int64_t holes = 0;
  UnitOrder order;
  for (int64_t step = 0; step < count; ++step) {
    if (static_cast<double>(holes) > kCompactAt * static_cast<double>(units.size(0))) {
      const at::Tensor stay = removed.eq(0).nonzero().flatten();
      for (ReaderState& reader : remaining) reader.compact(stay);
      units = units.index_select(0, stay);
      removed = at::zeros({units.size(0)}, options);
      holes = 0;
    }
    at::Tensor costs = removed;
    for (const ReaderState& reader : remaining) costs = costs + reader.costs();
    const int64_t j = costs.argmin().item<int64_t>();
    order.units.push_back(units[j].item<int64_t>());
    order.costs.push_back(costs[j].item<double>());
    for (ReaderState& reader : remaining) reader.remove(j);
    removed[j] = std::numeric_limits<double>::infinity();
    ++holes;
  }
  return order;
}

}  // namespace ncprune
