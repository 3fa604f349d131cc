#include "ncprune/prune/refine.h"

#include <ATen/ops/lerp.h>

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "ncprune/base/random.h"
#include "ncprune/data/label_rows.h"
#include "ncprune/data/noise.h"
#include "ncprune/data/split.h"
#include "ncprune/model/class_loss.h"
#include "ncprune/model/cost.h"
#include "ncprune/model/fold_norms.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/prune/score_match.h"
#include "ncprune/stats/sampling.h"
#include "ncprune/train/augment.h"
#include "ncprune/train/train.h"

namespace ncprune {
namespace {

constexpr double kHeldOut = 0.2;
constexpr int64_t kRepeats = 2;  // times that a changed picture is shown

// Samples of a class in each part, at most; the fewer, the more classes there are.
int64_t most_per_class(int64_t classes) {
  constexpr int64_t kSamples = 16'384;
  constexpr int64_t kPerClass = 1024;
  return std::max(kPerClass, kSamples / classes);
}

// Passes over `samples` samples: about 85000 draws, or twice as many where they take little time,
// within bounds.
int64_t passes_over(int64_t samples, const Network& network) {
  constexpr int64_t kDraws = 170'000;
  constexpr int64_t kDrawsOfConvolutions = 85'000;
  constexpr int64_t kFewest = 3;
  constexpr int64_t kMost = 15;
  const int64_t draws = convolves(network) ? kDrawsOfConvolutions : kDraws;
  return std::clamp(draws / std::max<int64_t>(1, samples), kFewest, kMost);
}

// Samples, and what the dense network says of them.
struct Exam {
  Dataset samples;    // as the pruned network sees them
  at::Tensor logits;  // of the dense network, [N, K]

  at::Tensor divergences_of(const Network& network) const {
    const at::Tensor own = ncprune::logits(with_norms_folded(network), samples).to(at::kDouble);
    return divergences(logits.to(at::kDouble), own, labelling_of(samples.targets()));
  }
};

// Whether the divergence falls, averaged over classes, and none of the K classes becomes worse
// beyond chance: Student's test of a class's mean change, at 5 % for all classes together
// (Bonferroni).
bool is_better(const at::Tensor& change, const Dataset& samples) {
  const double level = 0.05 / static_cast<double>(samples.num_classes());
  double sum = 0;
  for (int64_t c = 0; c < samples.num_classes(); ++c) {
    const at::Tensor own = change.index_select(0, class_indices(samples, c));
    if (own.numel() == 0) continue;
    const auto mean = own.mean().item<double>();
    sum += mean;
    const auto count = static_cast<double>(own.numel());
    if (count < 2) continue;  // one sample tells nothing
    const boost::math::students_t_distribution<double> by_chance(count - 1);
    const double most = quantile(complement(by_chance, level));
    if (mean > most * own.std().item<double>() / std::sqrt(count)) return false;
  }
  return sum < 0;
}

// The network at `share` of the way from one to the other.
Network between(const Network& from, const Network& to, double share) {
  Network result = from;
  for (auto& [name, tensor] : result.initializers) {
    const at::Tensor& end = to.initializers.at(name);
    if (tensor.is_floating_point()) tensor = at::lerp(tensor, end.to(tensor.dtype()), share);
  }
  return result;
}

Dataset as_pruned_sees(const Dataset& clean, double noise) {
  return noise > 0 ? with_gaussian_noise(clean, noise, 0) : clean;
}

// The share of the samples that the network recognises.
double recognised(const Network& network, const Dataset& samples) {
  const Targets targets = samples.targets();
  const at::Tensor answers = answer_scores(logits(network, samples), targets).argmax(1);
  return answers.eq(targets.labels).to(at::kDouble).mean().item<double>();
}

// The pruned network after it has learnt from the dense one's probabilities on `data`.
Network taught(const NetworkPair& pair, const Dataset& data, const MetricOptions& options) {
  const at::AutoGradMode with_gradients(true);  // pruning runs without
  TrainOptions how;
  how.sampler = options.balance == 1 ? "class-balanced" : "natural";
  how.schedule = "cosine";
  how.learning_rate = 3e-3;
  how.epochs = passes_over(data.size(), pair.pruned);
  how.batch = 64;
  how.keep_zeros = true;
  how.keep_statistics = true;
  how.distillation = Distillation{.teacher = pair.dense,
                                  .logits = 1,
                                  .temperature = 1,
                                  .features = 0,
                                  .labels = 0,
                                  .balance = options.balance};
  if (options.noise > 0) {
    how.distillation->seen = data;
  } else {
    how.augment = known_changes(pair.dense, data);
    if (!how.augment.empty()) how.fresh_epochs = how.epochs / kRepeats;
  }
  return train(pair.pruned, as_pruned_sees(data, options.noise), {}, how).network;
}

}  // namespace

std::vector<std::string> known_changes(const Network& dense, const Dataset& data) {
  constexpr double kFewer = 0.05;
  constexpr int64_t kPerClass = 64;
  const bool pictures = data.range && data.sample_shape().size() == 3 && convolves(dense);
  if (!pictures) return {};
  const Dataset samples = in_memory(at_most_per_class(data, kPerClass));
  const Network folded = with_norms_folded(dense);
  const double clean = recognised(folded, samples);
  Random random = Random(0).stream("refine, changes");
  std::vector<std::string> known;
  for (const char* change : {"flip", "crop"}) {
    Dataset changed = samples;
    changed.inputs = augment({samples.inputs, samples.range}, {change}, random).inputs;
    if (recognised(folded, changed) >= clean - kFewer) known.emplace_back(change);
  }
  return known;
}

Network refined(const NetworkPair& pair, const Dataset& data, const MetricOptions& options) {
  const auto parts = stratified_split(data, kHeldOut, Random(0).stream("refine, held out"));
  // The start must not have seen the held-out samples either, or it looks better there than it is.
  const Network start = matched(pair, parts.first, options);
  const int64_t most = most_per_class(data.num_classes());
  const Dataset lessons = at_most_per_class(parts.first, most);
  const Dataset held_out = at_most_per_class(parts.second, most);
  Network end = taught({pair.dense, start}, lessons, options);
  if (held_out.size() == 0) return end;
  const Exam exam{as_pruned_sees(held_out, options.noise),
                  logits(with_norms_folded(pair.dense), held_out)};
  const at::Tensor before = exam.divergences_of(start);
  for (const double share : {1.0, 0.75, 0.5, 0.25}) {
    Network result = between(start, end, share);
    if (is_better(exam.divergences_of(result) - before, held_out)) return result;
  }
  return matched(pair, data, options);
}

}  // namespace ncprune
