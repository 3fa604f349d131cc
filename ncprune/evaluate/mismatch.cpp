#include "ncprune/evaluate/mismatch.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "ncprune/base/error.h"
#include "ncprune/data/class_info.h"
#include "ncprune/evaluate/metrics.h"
#include "ncprune/model/class_loss.h"
#include "ncprune/model/cost.h"

namespace ncprune {
namespace {

// Few samples of a large network, which is run on them up to ten times.
int64_t sample_size(const Network& network) {
  constexpr int64_t kMost = 512;
  constexpr int64_t kLeast = 96;
  constexpr int64_t kMacs = 200'000'000'000;
  return std::clamp(kMacs / std::max<int64_t>(1, cost(network).macs), kLeast, kMost);
}

// Equally many samples of every class, as far as they go.
Dataset balanced_sample(const Dataset& data, int64_t most) {
  const int64_t each = std::max<int64_t>(1, most / data.num_classes());
  std::vector<at::Tensor> chosen;
  for (int64_t c = 0; c < data.num_classes(); ++c) {
    const at::Tensor own = class_indices(data, c);
    const int64_t step = std::max<int64_t>(1, own.numel() / each);
    chosen.push_back(own.slice(0, 0, std::min(own.numel(), step * each), step));
  }
  return in_memory(select(data, at::cat(chosen).slice(0, 0, most)));
}

// A change of the pixels, and the words for it.
struct Change {
  const char* condition;
  const char* remedy;
  at::Tensor (*apply)(const at::Tensor& images);  // [N, 3, H, W]
};

at::Tensor of_imagenet(const at::Tensor& images) {
  const at::Tensor mean = at::tensor({0.485, 0.456, 0.406}, at::kFloat).view({3, 1, 1});
  const at::Tensor deviation = at::tensor({0.229, 0.224, 0.225}, at::kFloat).view({3, 1, 1});
  return (images - mean) / deviation;
}

constexpr Change kChanges[] = {
    {"if pixels ran from 0 to 255", "range=255", [](const at::Tensor& x) { return x * 255; }},
    {"if pixels were normalised with ImageNet's mean and deviation", "mean=imagenet", of_imagenet},
    {"if pixels ran from -1 to 1", "mean=0.5,0.5,0.5&std=0.5,0.5,0.5",
     [](const at::Tensor& x) { return (x - 0.5) / 0.5; }},
    {"if the channels were blue, green, red", "channels=bgr",
     [](const at::Tensor& x) { return x.flip(1); }},
    {"if the channels were blue, green, red and ran from 0 to 255", "channels=bgr&range=255",
     [](const at::Tensor& x) { return x.flip(1) * 255; }},
};

// The order of the data's classes in which the network has them: for every class of the network
// the one whose samples it gets most. None when two classes have the same one.
std::optional<std::vector<int64_t>> class_order(const ClassMetrics& metrics) {
  const auto classes = static_cast<int64_t>(metrics.recall.size());
  std::vector<int64_t> order(metrics.recall.size(), -1);
  for (int64_t c = 0; c < classes; ++c) {
    const auto row = metrics.confusion.begin() + c * classes;
    const auto predicted = std::max_element(row, row + classes) - row;
    if (order[static_cast<size_t>(predicted)] >= 0) return std::nullopt;
    order[static_cast<size_t>(predicted)] = c;
  }
  return order;
}

double accuracy_in_order(const ClassMetrics& metrics, const std::vector<int64_t>& order) {
  const auto classes = static_cast<int64_t>(order.size());
  double sum = 0;
  for (int64_t predicted = 0; predicted < classes; ++predicted) {
    const auto row = metrics.confusion.begin() + order[static_cast<size_t>(predicted)] * classes;
    const auto samples = std::accumulate(row, row + classes, int64_t{0});
    if (samples > 0) sum += static_cast<double>(row[predicted]) / static_cast<double>(samples);
  }
  return sum / static_cast<double>(classes);
}

bool is_far_better(double changed, double given) {
  return given < 0.5 && changed >= 2 * given && changed >= given + 0.15;
}

std::string points(double share) {
  return fmt::format("{:.0f} %", 100 * share);
}

Mismatch of_change(double given, double changed, const std::string& condition,
                   const std::string& remedy) {
  return {
      fmt::format("the network and the data do not belong together: balanced accuracy {} on "
                  "training samples, but {} {}; see {}",
                  points(given), points(changed), condition, remedy)};
}

// Whether --classes takes the names as a list between single quotes.
bool fit_a_line(const std::vector<std::string>& names) {
  constexpr size_t kMaxNames = 30;
  return names.size() <= kMaxNames && !names.front().starts_with('@') &&
         std::none_of(names.begin(), names.end(), [](const std::string& name) {
           return name.find_first_of(",'\"\\\r\n") != std::string::npos;
         });
}

std::string quoted_if_blank(const std::string& list) {
  constexpr const char* kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:,+=%";
  return list.find_first_not_of(kPlain) == std::string::npos ? list : fmt::format("'{}'", list);
}

std::optional<Mismatch> mismatch_of_order(const ClassMetrics& metrics, const Dataset& data) {
  const auto order = class_order(metrics);
  if (!order) return std::nullopt;
  const double given = metrics.balanced_accuracy;
  const double changed = accuracy_in_order(metrics, *order);
  if (!is_far_better(changed, given)) return std::nullopt;
  std::vector<std::string> names;
  for (const int64_t c : *order) names.push_back(data.class_names[static_cast<size_t>(c)]);
  const std::string condition = "if its classes were in another order";
  if (fit_a_line(names)) {
    return of_change(given, changed, condition,
                     "--classes " + quoted_if_blank(fmt::format("{}", fmt::join(names, ","))));
  }
  Mismatch mismatch = of_change(given, changed, condition,
                                "--classes @FILE, with the names of the classes in that order");
  mismatch.class_order = std::move(names);
  return mismatch;
}

std::optional<Mismatch> mismatch_of_pixels(const Network& network, const Dataset& sample,
                                           double given) {
  if (!sample.range || sample.inputs.dim() != 4 || sample.inputs.size(1) != 3) return std::nullopt;
  const Change* best = nullptr;
  double most = 0;
  Dataset changed = sample;
  for (const Change& change : kChanges) {
    changed.inputs = change.apply(sample.inputs);
    const double accuracy = evaluate(network, changed).balanced_accuracy;
    if (accuracy > most) {
      most = accuracy;
      best = &change;
    }
  }
  if (best == nullptr || !is_far_better(most, given)) return std::nullopt;
  return of_change(given, most, best->condition, fmt::format("images:DIR?{}", best->remedy));
}

// How well a network fits samples.
struct Fit {
  double accuracy = 0;    // balanced
  double likelihood = 0;  // mean log probability of the label
};

Fit fit_of(const Network& network, const Dataset& sample) {
  const at::Tensor scores = class_scores(network, sample);
  return {class_metrics(scores, sample.targets()).balanced_accuracy,
          -class_losses(scores, sample.targets()).mean().item<double>()};
}

// Two usual ways to crop can be right nearly as often; then the surer one counts.
bool is_better(const Fit& a, const Fit& b) {
  constexpr double kSame = 0.02;
  if (std::abs(a.accuracy - b.accuracy) > kSame) return a.accuracy > b.accuracy;
  return a.likelihood > b.likelihood;
}

std::optional<Mismatch> mismatch_of_preparation(const Network& network,
                                                const std::vector<OtherPreparation>& others,
                                                double given) {
  const OtherPreparation* best = nullptr;
  Fit most;
  for (const OtherPreparation& other : others) {
    try {
      const Fit fit = fit_of(network, balanced_sample(other.train, sample_size(network)));
      if (!is_far_better(fit.accuracy, given) || (best != nullptr && !is_better(fit, most))) {
        continue;
      }
      most = fit;
      best = &other;
    } catch (const InputError&) {
      continue;  // a guess that does not suit the pictures is no mistake of the user
    }
  }
  if (best == nullptr) return std::nullopt;
  return of_change(given, most.accuracy, best->condition, best->remedy);
}

// The recall of rare labels depends on a threshold that even a good network need not reach, so
// multi-label networks are judged by how they rank.
std::optional<Mismatch> mismatch_of_labels(const ClassMetrics& metrics, int64_t samples) {
  const double given = mean_present(metrics.auroc);
  if (given > 0.5 + 0.5 / std::sqrt(static_cast<double>(samples))) return std::nullopt;
  return Mismatch{
      fmt::format("mean AUROC {} on training samples is not above chance, 50 %: the network is "
                  "untrained, the data are not prepared as for its training, or the labels have "
                  "another order",
                  points(given))};
}

}  // namespace

std::optional<Mismatch> find_mismatch(
    const Network& network, const Dataset& train,
    const std::function<std::vector<OtherPreparation>()>& others) {
  const Dataset sample = balanced_sample(train, sample_size(network));
  const ClassMetrics metrics = evaluate(network, sample);
  if (train.label_sets.defined()) return mismatch_of_labels(metrics, sample.size());
  const double given = metrics.balanced_accuracy;
  const double chance = 1 / static_cast<double>(train.num_classes());
  const double error = std::sqrt(chance * (1 - chance) / static_cast<double>(sample.size()));
  if (given >= 0.5 && given > chance + error) return std::nullopt;
  if (auto found = mismatch_of_order(metrics, train)) return found;
  if (auto found = mismatch_of_pixels(network, sample, given)) return found;
  if (others) {
    if (auto found = mismatch_of_preparation(network, others(), given)) return found;
  }
  if (given > chance + error) return std::nullopt;
  return Mismatch{
      fmt::format("balanced accuracy {} on training samples is not above chance, {}: the network "
                  "is untrained, or the data are not prepared as for its training",
                  points(given), points(chance))};
}

}  // namespace ncprune
