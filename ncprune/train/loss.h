#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// A loss over a batch: logits float [B, K] and labels int64 [B] to a scalar that autograd can
// follow, the mean over the batch's samples. `progress` is the share of training done, in [0, 1).
using LossFunction =
    std::function<at::Tensor(const at::Tensor& logits, const at::Tensor& labels, double progress)>;

// A training loss. Class weights have mean 1 over the training samples (sum_c n_c w_c = N), so that
// the same learning rate suits every loss; sources that normalise them differently differ by a
// constant factor.
struct Loss {
  std::string name;
  std::string summary;
  std::string source;
  // The loss for training data with `counts` samples per class, double [K]. REQUIRES: all positive.
  std::function<LossFunction(const at::Tensor& counts)> make;
  // Why the loss does not support mixed labels. Empty if it does: the loss is then the same mixture
  // of both labels' losses, which is the cross-entropy with the mixed distribution.
  std::string one_label = {};
};

// balanced-softmax, class-balanced, class-weighted, cross-entropy, focal, ldam-drw, logit-adjusted.
const std::vector<Loss>& losses();

// Class weights proportional to `weights` with mean 1 over `counts` samples per class; both double
// [K]. Float [K].
at::Tensor weights_of_mean_one(const at::Tensor& weights, const at::Tensor& counts);

// Throws InputError on an unknown name. REQUIRES: every count is positive.
LossFunction make_loss(std::string_view name, const std::vector<int64_t>& counts);

}  // namespace ncprune
