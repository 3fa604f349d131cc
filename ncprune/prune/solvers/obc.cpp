#include <ATen/Parallel.h>
#include <ATen/ops/cholesky_inverse.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "ncprune/prune/solver.h"

namespace ncprune::solvers_files {
namespace {

// A pattern N:M allows M - N of M neighbours to be removed; any other pattern allows all.
struct GroupLimit {
  int64_t size;
  int64_t most;
};

// One row during elimination: the inverse metric of the remaining inputs, their best weights, and
// their indices. Downdates of the inverse are collected and carried out as one product per block of
// removed weights: single downdates would be bound by memory.
class RowElimination {
 public:
  RowElimination(const at::Tensor& inverse, const at::Tensor& weight, GroupLimit limit)
      : buffer_(inverse.clone()),
        downdates_(at::zeros({kBlock, inverse.size(0)}, inverse.options())),
        limit_(limit),
        removed_in_group_(static_cast<size_t>(weight.size(0)), 0) {
    const auto values = elements<double>(weight);
    const at::Tensor diagonal = inverse.diagonal().contiguous();
    const auto pivots = elements<double>(diagonal);
    weight_.assign(values.begin(), values.end());
    pivots_.assign(pivots.begin(), pivots.end());
    for (size_t j = 0; j < values.size(); ++j) inputs_.push_back(static_cast<int64_t>(j));
    // The inputs that a shorter last group lacks count as removed.
    const int64_t d = weight.size(0);
    const int64_t last = (d - 1) / limit.size;
    removed_in_group_[static_cast<size_t>(last)] = (last + 1) * limit.size - d;
  }

  // The growth of the row's error by the removal of each weight, made to rise along the order of
  // removal; infinite for weights that must stay.
  std::vector<double> scores() {
    std::vector<double> scores(inputs_.size(), kInfinity);
    double highest = 0;
    while (!inputs_.empty()) {
      for (removed_.clear(); removed_.size() < kBlock;) {
        const std::optional<size_t> next = cheapest();
        if (!next) break;
        // If the error falls again, the next weight is removed with this one, but not before it.
        highest = std::max(std::nextafter(highest, kInfinity),
                           weight_[*next] * weight_[*next] / pivots_[*next] / 2);
        scores[static_cast<size_t>(inputs_[*next])] = highest;
        remove(*next);
      }
      if (removed_.empty()) break;
      compact();
    }
    return scores;
  }

 private:
  static constexpr size_t kBlock = 64;

  std::optional<size_t> cheapest() const {
    std::optional<size_t> best;
    double lowest = kInfinity;
    for (size_t k = 0; k < inputs_.size(); ++k) {
      if (inputs_[k] < 0) continue;
      const double cost = weight_[k] * weight_[k] / pivots_[k];
      if (cost >= lowest) continue;
      if (limit_.most < limit_.size &&
          removed_in_group_[static_cast<size_t>(inputs_[k] / limit_.size)] >= limit_.most) {
        continue;
      }
      lowest = cost;
      best = k;
    }
    return best;
  }

  void remove(size_t p) {
    const size_t n = inputs_.size();
    const auto rows = elements<double>(buffer_);
    const auto done = elements<double>(downdates_);
    const std::span<double> u = done.subspan(removed_.size() * n, n);
    std::copy_n(&rows[p * n], n, u.begin());
    for (size_t t = 0; t < removed_.size(); ++t) {
      const double factor = done[t * n + p];
      for (size_t k = 0; k < n; ++k) u[k] -= factor * done[t * n + k];
    }
    const double root = std::sqrt(pivots_[p]);
    const double share = weight_[p] / pivots_[p];
    for (size_t k = 0; k < n; ++k) {
      weight_[k] -= share * u[k];
      u[k] /= root;
      pivots_[k] = std::max(pivots_[k] - u[k] * u[k], kTiny);
    }
    ++removed_in_group_[static_cast<size_t>(inputs_[p] / limit_.size)];
    inputs_[p] = -1;
    removed_.push_back(p);
  }

  // Drops the removed inputs and carries out the block's downdates on the remaining ones.
  void compact() {
    std::vector<size_t> stay;
    for (size_t k = 0; k < inputs_.size(); ++k) {
      if (inputs_[k] >= 0) stay.push_back(k);
    }
    const size_t n = inputs_.size();
    const auto values = elements<double>(buffer_);
    const auto done = elements<double>(downdates_);
    // Every place moves towards the front, so nothing is overwritten before it was read.
    for (size_t a = 0; a < stay.size(); ++a) {
      const double* from = &values[stay[a] * n];
      double* to = &values[a * stay.size()];
      for (size_t b = 0; b < stay.size(); ++b) to[b] = from[stay[b]];
      weight_[a] = weight_[stay[a]];
      pivots_[a] = pivots_[stay[a]];
      inputs_[a] = inputs_[stay[a]];
    }
    for (size_t t = 0; t < removed_.size(); ++t) {
      for (size_t b = 0; b < stay.size(); ++b) done[t * stay.size() + b] = done[t * n + stay[b]];
    }
    weight_.resize(stay.size());
    pivots_.resize(stay.size());
    inputs_.resize(stay.size());
    const auto shape = [&](const at::Tensor& storage, size_t rows) {
      const auto width = std::ssize(stay);
      return storage.flatten().slice(0, 0, static_cast<int64_t>(rows) * width).view({-1, width});
    };
    if (stay.empty()) return;
    const at::Tensor u = shape(downdates_, removed_.size());
    shape(buffer_, stay.size()).addmm_(u.t(), u, 1, -1);
  }

  static constexpr double kTiny = 1e-300;
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

  at::Tensor buffer_;  // [d, d], its front the inverse [n, n] for the n inputs at the block's start
  at::Tensor downdates_;  // [kBlock, d], its front [kBlock, n]
  GroupLimit limit_;
  std::vector<int64_t> removed_in_group_;  // weights, per group of the pattern
  std::vector<int64_t> inputs_;            // input of each place; -1: removed in this block
  std::vector<double> weight_;
  std::vector<double> pivots_;   // the diagonal of the inverse, up to date
  std::vector<size_t> removed_;  // places removed in this block
};

// ExactOBS: every row loses, one after the other, the weight with the smallest w_p^2 / [H^-1]_pp,
// and the others compensate for it; over all rows of the layer the weights whose removal raised the
// error least are removed. Row weights have no effect. Patterns layer, row and N:M. About m d^3 / 3
// multiply-adds, most of them in matrix products; O(d^2) memory per thread.
LayerSolution solve_obc(const SolverInput& input) {
  const Pattern& pattern = input.pattern;
  GroupLimit limit{1, 1};
  if (pattern.group) {
    limit = {pattern.group->second, pattern.group->second - pattern.group->first};
  }
  const at::Tensor inverse =
      at::cholesky_inverse(at::linalg_cholesky(input.problem.metric)).contiguous();
  const at::Tensor start = at::matmul(input.problem.cross, inverse).contiguous();
  at::Tensor scores = at::zeros_like(start);
  at::parallel_for(0, start.size(0), 1, [&](int64_t begin, int64_t end) {
    const at::NoGradGuard no_grad;
    for (int64_t i = begin; i < end; ++i) {
      const std::vector<double> row = RowElimination(inverse, start[i], limit).scores();
      scores[i].copy_(at::tensor(row, at::TensorOptions(at::kDouble)));
    }
  });
  at::Tensor mask = zeros_last(pattern, input.weight).mask(scores, input.keep);
  return {least_squares(input.problem, mask), mask};
}

}  // namespace

Solver obc() {
  return {.summary = "exact removal of one weight of a row after the other",
          .source = "Frantar, Alistarh 2022",
          .one_by_one = "removes one weight after the other",
          .solve = solve_obc,
          .exact = true};
}

}  // namespace ncprune::solvers_files
