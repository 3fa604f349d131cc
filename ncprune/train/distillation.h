#pragma once

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// Learning from a teacher, such as the dense network. Beside `labels` times its own loss, training
// then minimises, in batches of B samples,
//   1/B sum_i w_i (logits T^2 KL(p_i || q_i) + features ||f_i - g_i||^2 / F)
// p and q: the class probabilities of teacher and student at temperature T (Hinton, Vinyals, Dean
// 2015); g and f: their last features, what the head reads (after Romero et al. 2015); F: the
// w-weighted mean of ||g||^2 over an epoch's draws, so that a student of zeros pays 1. The weight
// of a sample of class c is w ~ n_c^-balance with mean 1 over an epoch, n_c the draws of the class
// in it: with a balance of 1 every class counts the same, whatever the sampler.
struct Distillation {
  Network teacher = {};
  double logits = 1;       // at least 0
  double temperature = 2;  // T, positive
  double features = 0;     // at least 0
  double labels = 1;       // weight of the training loss, at least 0
  double balance = 1;      // 0: samples count the same, 1: classes do; in [0, 1]
};

// Throws the InputError that train() would for a value out of range.
void require_valid(const Distillation& options);

// The teacher's part of the loss.
class DistillationLoss {
 public:
  // Asks the teacher once for all of `training`: memory O(N (K + d)), d the width of its last
  // features if they count. `shares`: draws of each class in an epoch. Throws InputError when the
  // teacher does not fit the data or, if features count, when its last features and `student`'s
  // differ in width.
  DistillationLoss(const Distillation& options, const Network& student, const Dataset& training,
                   const std::vector<int64_t>& shares);

  // The value of the student that holds its last features; empty when they do not count.
  const std::string& features_value() const { return features_value_; }

  // The scalar above for the samples at `indices` of the training data, int64 [B], from the
  // student's logits [B, K] and features [B, d] (undefined when they do not count).
  at::Tensor operator()(const at::Tensor& indices, const at::Tensor& logits,
                        const at::Tensor& features) const;

 private:
  double temperature_;
  double logits_weight_;
  double features_weight_;  // over F
  std::string features_value_;
  at::Tensor log_probabilities_;  // the teacher's at T, float [N, K]; undefined: do not count
  at::Tensor features_;           // the teacher's, float [N, d]; undefined likewise
  at::Tensor weights_;            // of every sample, float [N]
};

}  // namespace ncprune
