#pragma once

#include <vector>

#include "ncprune/data/targets.h"

namespace ncprune {

// How well the scores of a class rank its samples above all others, one class against the rest,
// whatever threshold is chosen later.
struct ClassSeparation {
  // The probability that a random sample of the class has a larger score than a random other one;
  // equal scores count half (Hanley, McNeil 1982). In [0, 1]; 0.5 by chance.
  double auroc;
  // The mean over the class's samples of the share of its samples among those with at least the
  // score of the sample. In (0, 1]; by chance the share of the class.
  double average_precision;
};

// The separation of each of K classes from a network's scores (metrics.h). A sample's score for
// a class is the logarithm of its softmax; in multi-label data it is the label's score, and minus
// the largest score for "no label". NaN for classes that no sample has or that all samples have.
// Time: K sorts of N numbers.
std::vector<ClassSeparation> class_separations(const at::Tensor& scores, const Targets& targets);

// The mean AUROC of `classes` in samples that count by each row of `shares`, double [R, N], as
// resampled_shares() (bootstrap.h) draws them: double [R]. Classes without samples and such as all
// samples have are skipped; NaN when all are. `scores` [N, K] of samples with one label each. Time:
// a sort of N numbers and R N sums per class.
at::Tensor resampled_aurocs(const at::Tensor& scores, const Targets& targets,
                            const std::vector<int64_t>& classes, const at::Tensor& shares);

}  // namespace ncprune
