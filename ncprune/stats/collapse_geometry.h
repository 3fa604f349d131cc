#pragma once

#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// The geometry of K vectors, one per class, computed only from their inner products (the Gram
// matrix, double [K, K]), so that vectors of different widths can be compared. Averages and
// deviations run over classes or pairs of classes, divided by their number.
//
// A perfectly collapsed network trained on balanced classes has the simplex equiangular tight frame
// (ETF) I - 11^T/K (Papyan, Han, Donoho 2020). On imbalanced classes the target is SELI, the
// singular vectors of the simplex-encoded labels (Thrampoulidis, Kini, Vakilian, Behnia 2022); with
// equal counts it is the ETF.

// A measure is NaN when it has no value: a single vector, or vectors of length zero.
struct Frame {
  double norm_variation;    // standard deviation of the lengths / their mean; >= 0
  double cosine_deviation;  // standard deviation of the pairs' cosines; >= 0
  double cosine_error;      // the largest |cosine + 1 / (K - 1)| of a pair; in [0, 2]
  double etf_distance;      // gram_distance() to the simplex; in [0, sqrt 2]
  double seli_distance;     // gram_distance() to the given SELI Gram matrix
};
Frame frame_of(const at::Tensor& gram, const at::Tensor& seli);

// || a / ||a|| - b / ||b|| ||, Frobenius norms; in [0, sqrt 2] for Gram matrices, 0 when they
// differ only in scale. NaN when one is zero or their sizes differ.
double gram_distance(const at::Tensor& a, const at::Tensor& b);

// I - 11^T/K, [K, K].
at::Tensor simplex_gram(int64_t k);

// With Z = (I - 11^T/K) diag(sqrt n_c) = V L U^T:
struct SeliGrams {
  at::Tensor means;    // D^-1/2 U L U^T D^-1/2, D = diag(n_c): of the class means around their mean
  at::Tensor weights;  // V L V^T: of the classifier's rows
};
// `counts` are the numbers of training samples n_c of the K classes. Zeros, whose distance to
// anything is NaN, when a class has none.
SeliGrams seli_grams(const std::vector<int64_t>& counts);

}  // namespace ncprune
