#pragma once

#include <optional>

#include "ncprune/data/dataset.h"
#include "ncprune/model/class_loss.h"
#include "ncprune/model/network.h"

namespace ncprune {

// Learning from a teacher, such as the dense network. In batches of B samples, training then
// minimises `labels` times the training loss plus
//   1/B sum_i w_i (logits T^2 KL(p_i || q_i) + features ||f_i - g_i||^2 / F)
// p and q: the class probabilities of teacher and student at temperature T (Hinton, Vinyals, Dean
// 2015); g and f: their last features, the inputs of the head (after Romero et al. 2015); F: the
// w-weighted mean of ||g||^2 over an epoch's draws, so that zero features cost 1. The weight of a
// sample of class c is w ~ n_c^-balance with mean 1 over an epoch, where n_c is the number of draws
// of the class in it: with a balance of 1 every class counts the same, whatever the sampler.
struct Distillation {
  Network teacher = {};
  // The training samples as the teacher sees them, in the same order; not given: as they are.
  std::optional<Dataset> seen = {};
  double logits = 1;       // at least 0
  double temperature = 2;  // T, positive
  double features = 0;     // at least 0
  double labels = 1;       // weight of the training loss, at least 0
  double balance = 1;      // 0: samples count the same, 1: classes do; in [0, 1]
};

// Throws InputError, as train() does, for a value out of range.
void require_valid(const Distillation& options);

// The teacher's outputs for the B samples of a batch, on the device of the computation.
struct Lesson {
  at::Tensor softened;  // logits divided by T, [B, K]; undefined when not used
  at::Tensor features;  // last features, [B, d]; undefined when not used
};

// What the student computes for the samples at `indices` of the training data.
struct StudentBatch {
  at::Tensor indices;   // int64 [B]
  at::Tensor logits;    // [B, K]
  at::Tensor features;  // [B, d]; undefined when not used
};

// The part of the loss that comes from the teacher.
class DistillationLoss {
 public:
  // Runs the teacher once on all of `training`: memory O(N (K + d)), d the width of its last
  // features if they are used. `shares`: draws of each class in an epoch. `augmented`: the teacher
  // will be asked for every batch, so that its class scores of `training` are not needed.
  // Throws InputError when the teacher does not fit the data or, if features are used, when its
  // last features and those of `student` differ in width.
  DistillationLoss(const Distillation& options, const Network& student, const Dataset& training,
                   const std::vector<int64_t>& shares, bool augmented);

  // The student's value that holds its last features; empty when features are not used.
  const std::string& features_value() const { return features_value_; }

  // The teacher's outputs for the training samples at `indices`, int64 [B], which the constructor
  // has stored. REQUIRES: the constructor was called with `augmented` false.
  Lesson lesson_of(const at::Tensor& indices) const;

  // Runs the teacher on `changed`, augmented samples that are not yet normalised, [B, ...].
  Lesson ask(const at::Tensor& changed) const;

  // The teacher's part of the loss for a batch, as Distillation states it: a mean over its samples.
  at::Tensor operator()(const Lesson& lesson, const StudentBatch& batch) const;

 private:
  Network teacher_;
  std::string teacher_features_value_;  // empty when features are not used
  double temperature_;
  double logits_weight_;
  double features_weight_;  // over F
  std::string features_value_;
  Labelling labelling_ = Labelling::kExclusive;
  at::Tensor softened_;  // logits of the teacher over T, float [N, K]; undefined when not needed
  at::Tensor features_;  // of the teacher, float [N, d]; undefined when not used
  at::Tensor weights_;   // of the samples, float [N]
};

}  // namespace ncprune
