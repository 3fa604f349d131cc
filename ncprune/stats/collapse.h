#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"
#include "ncprune/stats/collapse_geometry.h"

namespace ncprune {

// Neural Collapse: how far the activations h of a layer have shrunk to their class means and the
// means to a symmetric frame. K classes have samples; of class c, n_c of them, mu_c and S_c are the
// mean and covariance (divided by n_c) of h. Classes count alike, however many samples they have:
//   mu_B = mean_c mu_c,   M = [mu_c - mu_B]
//   S_W = mean_c S_c,     S_B = M M^T / K,     S_T = S_W + S_B
//
// A class without samples is excluded: its measures are NaN and K does not count it. A class with
// one sample has S_c = 0, which looks like perfect collapse; few samples overstate collapse.
// Undefined values are NaN: every division by S_B when all means coincide (a single class, or
// activations that are all zero or constant). Features that vary by less than 1e-6 of their size
// count as constant; directions in which the means vary by less than 1e-6 of their largest
// variation are ignored.
struct LayerCollapse {
  std::string layer;   // its name; "input of HEAD" if no layer gives it
  int64_t rank;        // of S_B: K - 1 unless means coincide or the layer is narrower
  double nc1;          // tr(S_W S_B^+) / K, the mean of class_nc1; >= 0 (Papyan, Han, Donoho 2020)
  double trace_ratio;  // tr S_W / tr S_B; >= 0
  // Var_c = tr S_c. Of a pair, (Var_c + Var_c') / (2 ||mu_c - mu_c'||^2); >= 0, infinite when two
  // means coincide (Galanti, Gyorgy, Hutter 2022).
  double cdnv = 0;        // mean over pairs of classes
  double worst_cdnv = 0;  // of the pair that is separated worst
  // The worst pair, lower class first; the first of equal pairs, -1 when there is none.
  std::pair<int64_t, int64_t> worst_pair{-1, -1};
  double vci;       // 1 - tr(S_T^+ S_B) / rank; in [0, 1], 0 is collapse (Xu, Liu 2023)
  Frame means;      // NC2: of mu_c - mu_B; SELI for the training counts
  at::Tensor gram;  // double [K, K]: M^T M, which gram_distance compares with another network's
  std::vector<double> class_nc1;       // tr(S_c S_B^+) / K; one per class, as below
  std::vector<double> class_variance;  // tr S_c
  std::vector<double> class_length;    // ||mu_c - mu_B||
};

// The classifier's rows w_c beside the means of the features it reads (those of the last layer).
struct HeadCollapse {
  Frame weights;        // NC2: of w_c, without the bias; SELI for the training counts
  double self_duality;  // NC3: || W / ||W|| - M^T / ||M|| ||, Frobenius norms; in [0, 2]
  double disagreement;  // NC4: share of samples, averaged over classes, for which the head (with
                        // its bias) and the nearest class mean give different classes; in [0, 1]
  std::vector<double> class_disagreement;  // this share in each class
};

struct Collapse {
  std::vector<int64_t> counts;        // measured samples of every class
  std::vector<LayerCollapse> layers;  // in graph order; the last is what the head reads
  HeadCollapse head;
};

// Measures the activations of every fully connected layer and the head's input, in two passes over
// `data`: first the means, then the deviations from them, all in double, so that the batch size
// does not matter. Time per layer: d^2 multiply-adds per sample and d^3 at the end; memory
// O(d^2 + K d). `training_counts` define SELI; empty: the counts of `data`. Ties go to the lower
// class. Throws InputError when the data have no samples or are multi-label, or the graph does not
// end in a fully connected layer.
Collapse measure_collapse(const Network& network, const Dataset& data,
                          const std::vector<int64_t>& training_counts = {});

}  // namespace ncprune
