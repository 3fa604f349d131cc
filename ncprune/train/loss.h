#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/base/tensor.h"
#include "ncprune/model/class_loss.h"

namespace ncprune {

// A loss over a batch: logits float [B, K] and what is true of the samples to a scalar that
// autograd can follow, the mean over the batch's samples. `progress` is the share of training done,
// in [0, 1).
using LossFunction =
    std::function<at::Tensor(const at::Tensor& logits, const Targets& targets, double progress)>;

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
  // Why the loss does not support multi-label data. Empty if it does: the loss of a sample is then
  // that of class_losses(), with the weight of the label that the sample is there for.
  std::string exclusive = {};
};

// balanced-softmax, class-balanced, class-weighted, cross-entropy, focal, ldam-drw, logit-adjusted.
const std::vector<Loss>& losses();

// The loss with which a pruned network is trained further, unless another is asked for: classes
// count alike, as they did when it was pruned.
inline constexpr const char* kLossAfterPruning = "class-weighted";

// Class weights proportional to `weights` with mean 1 over `counts` samples per class; both double
// [K]. Float [K].
at::Tensor weights_of_mean_one(const at::Tensor& weights, const at::Tensor& counts);

// A class without samples counts as if it had one. Throws InputError on an unknown name and when
// the loss does not support the labelling.
LossFunction make_loss(std::string_view name, const std::vector<int64_t>& counts,
                       Labelling labelling = Labelling::kExclusive);

}  // namespace ncprune
