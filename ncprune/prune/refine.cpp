#include "ncprune/prune/refine.h"

#include <ATen/ops/lerp.h>

#include <algorithm>

#include "ncprune/base/random.h"
#include "ncprune/data/noise.h"
#include "ncprune/data/split.h"
#include "ncprune/model/class_loss.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/stats/class_sums.h"
#include "ncprune/stats/sampling.h"
#include "ncprune/train/train.h"

namespace ncprune {
namespace {

constexpr int64_t kSamplesPerClass = 256;
constexpr double kHeldOut = 0.2;

// Samples, and what the dense network says of them.
struct Lesson {
  Dataset samples;    // as the pruned network sees them
  at::Tensor logits;  // of the dense network, [N, K]

  // The mean divergence of each class's samples; double [K], 0 for a class without samples.
  at::Tensor divergence_of_classes(const Network& network) const {
    const at::Tensor own = ncprune::logits(network, samples).to(at::kDouble);
    const at::Tensor each =
        divergences(logits.to(at::kDouble), own, labelling_of(samples.targets()));
    const int64_t k = samples.num_classes();
    const at::Tensor counts = samples.labels.bincount({}, k).clamp_min(1);
    return class_sums(each.unsqueeze(1), {samples.labels, k, {}}).squeeze(1) / counts;
  }
};

// The network at `share` of the way from one to the other.
Network between(const Network& from, const Network& to, double share) {
  Network result = from;
  for (auto& [name, tensor] : result.initializers) {
    const at::Tensor& end = to.initializers.at(name);
    if (tensor.is_floating_point()) tensor = at::lerp(tensor, end.to(tensor.dtype()), share);
  }
  return result;
}

}  // namespace

Network refined(const NetworkPair& pair, const Dataset& data, const MetricOptions& options) {
  const Dataset sample = at_most_per_class(data, kSamplesPerClass);
  const auto [learnt, held_out] =
      stratified_split(sample, kHeldOut, Random(0).stream("refine, held out"));
  TrainOptions how;
  how.sampler = options.balance == 1 ? "class-balanced" : "natural";
  how.schedule = "cosine";
  how.learning_rate = 2e-3;
  how.epochs = 12;
  how.batch = 64;
  how.keep_zeros = true;
  how.keep_statistics = true;
  how.distillation = Distillation{.teacher = pair.dense,
                                  .seen = learnt,
                                  .logits = 1,
                                  .temperature = 1,
                                  .features = 0,
                                  .labels = 0,
                                  .balance = options.balance};
  const auto as_pruned_sees = [&](const Dataset& clean) {
    return options.noise > 0 ? with_gaussian_noise(clean, options.noise, 0) : clean;
  };
  const Network end = [&] {
    const at::AutoGradMode with_gradients(true);  // pruning runs without
    return train(pair.pruned, as_pruned_sees(learnt), {}, how).network;
  }();
  if (held_out.size() == 0) return end;
  const Lesson lesson{as_pruned_sees(held_out), logits(pair.dense, held_out)};
  const at::Tensor before = lesson.divergence_of_classes(pair.pruned);
  for (const double share : {1.0, 0.5, 0.25}) {
    Network result = between(pair.pruned, end, share);
    if (lesson.divergence_of_classes(result).le(before).all().item<bool>()) return result;
  }
  return pair.pruned;
}

}  // namespace ncprune
