#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/base/tensor.h"
#include "ncprune/prune/reconstruction.h"

namespace ncprune {

// The elements of a matrix [m, d] at some places, row by row, columns ascending.
struct SparseRows {
  std::vector<size_t> first;    // m + 1: where each row begins in the lists below, and their end
  std::vector<int32_t> column;  // in [0, d)
  std::vector<float> value;

  // The elements of `matrix` (float [m, d]) where `mask` (bool [m, d]) is true.
  static SparseRows of(const at::Tensor& matrix, const at::Tensor& mask);
  // Those of this matrix where `mask` is true.
  SparseRows where(const at::Tensor& mask) const;
  // The elements that `chosen` marks: bool [n], one entry for each element, in the lists' order.
  SparseRows chosen(const at::Tensor& chosen) const;
  // Where the elements are, bool [m, d].
  at::Tensor mask(int64_t d) const;
};

// A layer problem whose metric is scaled to unit diagonal, and the eigenbasis of that; with the row
// weights folded into the target, all rows share one metric. Float, on the device of the problem.
struct EigenProblem {
  at::Tensor values;   // [d]: eigenvalues of at least 0
  at::Tensor vectors;  // [d, d], as columns
  at::Tensor target;   // [m, d]: the cross moments, of unit size

  // `row_weights` [m] of at least 0. One eigendecomposition, d^3.
  static EigenProblem of(const LayerProblem& problem, const at::Tensor& row_weights);
};

// Added to the eigenvalues for the weights without a mask, with which a search starts.
inline constexpr double kStartRidge = 1e-6;

// How one step of an iterate goes.
struct AdmmStep {
  double rho;
  double growth = 1;   // of rho since the last step, which divides V / rho
  bool first = false;  // there is no V yet
};

// The dense part of search_support()'s iteration in main memory. It alternates between weights W
// [m, d], which solve the layer problem with a pull of strength rho towards the kept weights D, and
// D, the largest elements of W + V. The dual V sums up what was cut off. All of it lives in the
// eigenbasis, where the solve is a division. In float: only the support matters, and an exact refit
// follows.
class AdmmIterate {
 public:
  explicit AdmmIterate(const EigenProblem& problem);

  // The weights without a mask; float [m, d].
  at::Tensor start() const;

  // Updates W and V for D = `kept`: d operations for each kept weight, and one pass over two
  // matrices [m, d]. With `near` (another object), also sets its values to those of W + V at its
  // places: d operations for each place. Rows are computed in parallel, each in a fixed order, so
  // that the result is the same to the bit for any number of threads.
  void advance(const SparseRows& kept, const AdmmStep& step, SparseRows* near = nullptr);

  // All of W + V, float [m, d]: a dense product.
  at::Tensor moved() const;

 private:
  int64_t inputs_;         // d; below, D is d rounded up to whole chunks
  at::Tensor values_;      // [D]: eigenvalues of at least 0
  at::Tensor transposed_;  // [D, d]: an eigenvector in each row
  at::Tensor chunks_;      // [D / chunk, d, chunk]: the eigenvectors as columns, chunk by chunk
  at::Tensor target_;      // [m, D]: the cross moments
  at::Tensor moved_;       // [m, D]: W + V
};

}  // namespace ncprune
