#include "ncprune/model/class_loss.h"

#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/zeros_like.h>

namespace ncprune {

Labelling labelling_of(const Targets& targets) {
  return targets.multi_label() ? Labelling::kMultiLabel : Labelling::kExclusive;
}

at::Tensor class_losses(const at::Tensor& logits, const Targets& targets) {
  if (!targets.multi_label()) {
    return at::cross_entropy_loss(logits, targets.labels, {}, at::Reduction::None);
  }
  return at::binary_cross_entropy_with_logits(logits, targets.label_sets.to(logits.scalar_type()),
                                              {}, {}, at::Reduction::None)
      .sum(1);
}

at::Tensor losses_by_logits(const at::Tensor& logits, const Targets& targets) {
  const at::Tensor truth =
      targets.multi_label() ? targets.label_sets : at::one_hot(targets.labels, logits.size(1));
  return probabilities(logits.detach(), labelling_of(targets)) - truth.to(logits.scalar_type());
}

at::Tensor probabilities(const at::Tensor& logits, Labelling labelling) {
  return labelling == Labelling::kMultiLabel ? logits.sigmoid() : logits.softmax(1);
}

at::Tensor divergences(const at::Tensor& q, const at::Tensor& p, Labelling labelling) {
  if (labelling == Labelling::kExclusive) {
    const at::Tensor log_q = q.log_softmax(1);
    return (log_q.exp() * (log_q - p.log_softmax(1))).sum(1);
  }
  const auto of_answer = [](const at::Tensor& its_q, const at::Tensor& its_p) {
    const at::Tensor log_q = at::log_sigmoid(its_q);
    return log_q.exp() * (log_q - at::log_sigmoid(its_p));
  };
  return (of_answer(q, p) + of_answer(-q, -p)).sum(1);
}

at::Tensor hessian_root_times(const at::Tensor& p, const at::Tensor& signs, Labelling labelling) {
  if (labelling == Labelling::kMultiLabel) return (p * (1 - p)).sqrt() * signs;
  const auto [own, order] = p.to(at::kDouble).sort(1, /*descending=*/true);
  // `from` sums the probabilities of a class and all classes behind it, `after` only of those
  // behind it. `after` is no difference of two sums, because rounding would leave too little of it.
  const at::Tensor from = own.flip(1).cumsum(1).flip(1).clamp_min(1e-150);
  const at::Tensor after = from.slice(1, 1);
  const at::Tensor r = signs.to(at::kDouble);
  const at::Tensor earlier = (r * (own / from).sqrt()).slice(1, 0, -1) / after.sqrt();
  const at::Tensor image = r * (own * at::constant_pad_nd(after, {0, 1}) / from).sqrt() -
                           own * at::constant_pad_nd(earlier.cumsum(1), {1, 0});
  return at::zeros_like(image).scatter(1, order, image).to(p.dtype());
}

at::Tensor undecidedness(const at::Tensor& p, Labelling labelling) {
  return labelling == Labelling::kMultiLabel ? 2 * (p * (1 - p)).sum(1) : 1 - p.square().sum(1);
}

}  // namespace ncprune
