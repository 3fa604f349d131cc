#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// A plain matrix in double precision: what the naive references of the numeric routines compute
// with, so that they share nothing with the library but the numbers.
class Matrix {
 public:
  Matrix(int64_t rows, int64_t columns)
      : rows_(rows), columns_(columns), values_(static_cast<size_t>(rows * columns), 0) {}

  // From a tensor of one (a single row) or two dimensions.
  explicit Matrix(const at::Tensor& tensor)
      : Matrix(tensor.dim() == 1 ? 1 : tensor.size(0), tensor.size(-1)) {
    const at::Tensor values = tensor.to(at::kDouble).contiguous();
    const auto view = elements<double>(values);
    std::copy(view.begin(), view.end(), values_.begin());
  }

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  double& operator()(int64_t i, int64_t j) { return values_[index(i, j)]; }
  double operator()(int64_t i, int64_t j) const { return values_[index(i, j)]; }

  double largest() const {
    double most = 0;
    for (const double value : values_) most = std::max(most, std::abs(value));
    return most;
  }

 private:
  size_t index(int64_t i, int64_t j) const { return static_cast<size_t>(i * columns_ + j); }

  int64_t rows_;
  int64_t columns_;
  std::vector<double> values_;
};

// x with a x = b, by Gaussian elimination with partial pivoting.
inline std::vector<double> solve(Matrix a, std::vector<double> b) {
  const int64_t n = a.rows();
  const auto at_b = [&](int64_t i) -> double& { return b[static_cast<size_t>(i)]; };
  for (int64_t k = 0; k < n; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; ++i) {
      if (std::abs(a(i, k)) > std::abs(a(pivot, k))) pivot = i;
    }
    for (int64_t j = 0; j < n; ++j) std::swap(a(k, j), a(pivot, j));
    std::swap(at_b(k), at_b(pivot));
    for (int64_t i = k + 1; i < n; ++i) {
      const double factor = a(i, k) / a(k, k);
      for (int64_t j = k; j < n; ++j) a(i, j) -= factor * a(k, j);
      at_b(i) -= factor * at_b(k);
    }
  }
  for (int64_t k = n - 1; k >= 0; --k) {
    for (int64_t j = k + 1; j < n; ++j) at_b(k) -= a(k, j) * at_b(j);
    at_b(k) /= a(k, k);
  }
  return b;
}

// 0 .. n-1 without those that are gone.
inline std::vector<int64_t> all_but(int64_t n, const std::set<int64_t>& gone) {
  std::vector<int64_t> left;
  for (int64_t j = 0; j < n; ++j) {
    if (!gone.contains(j)) left.push_back(j);
  }
  return left;
}

// x^T A^-1 x with the entries of x and a that `indices` name.
inline double inverse_form(const Matrix& a, const std::vector<double>& x,
                           const std::vector<int64_t>& indices) {
  const auto n = static_cast<int64_t>(indices.size());
  const auto index = [&](int64_t p) { return indices[static_cast<size_t>(p)]; };
  Matrix part(n, n);
  std::vector<double> b;
  for (int64_t p = 0; p < n; ++p) {
    for (int64_t q = 0; q < n; ++q) part(p, q) = a(index(p), index(q));
    b.push_back(x[static_cast<size_t>(index(p))]);
  }
  const std::vector<double> solved = solve(part, b);
  double sum = 0;
  for (size_t p = 0; p < b.size(); ++p) sum += b[p] * solved[p];
  return sum;
}

// Every element within `tolerance` times the largest of `wanted` (taken as 1 if less).
inline void expect_near(const at::Tensor& tensor, const Matrix& wanted, double tolerance) {
  ASSERT_TRUE(tensor.defined());
  const Matrix found(tensor);
  ASSERT_EQ(found.rows(), wanted.rows());
  ASSERT_EQ(found.columns(), wanted.columns());
  const double allowed = tolerance * std::max(wanted.largest(), 1.0);
  for (int64_t i = 0; i < wanted.rows(); ++i) {
    for (int64_t j = 0; j < wanted.columns(); ++j) {
      ASSERT_NEAR(found(i, j), wanted(i, j), allowed) << "element " << i << ", " << j;
    }
  }
}

}  // namespace ncprune
