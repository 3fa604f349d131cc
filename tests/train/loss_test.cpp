#include "ncprune/train/loss.h"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

using Row = std::vector<double>;

struct Batch {
  std::vector<Row> logits;
  std::vector<size_t> labels;
  std::vector<int64_t> counts;
  double progress;
};

double log_probability(const Row& scores, size_t label) {
  double sum = 0;
  for (const double score : scores) sum += std::exp(score);
  return scores[label] - std::log(sum);
}

// Weights that are `raw(n_c)` up to a factor and average 1 over the training samples.
template <typename Raw>
Row weights(const std::vector<int64_t>& counts, Raw raw) {
  Row result;
  double samples = 0, weight = 0;
  for (const int64_t n : counts) {
    result.push_back(raw(static_cast<double>(n)));
    samples += static_cast<double>(n);
    weight += result.back() * static_cast<double>(n);
  }
  for (double& w : result) w *= samples / weight;
  return result;
}

double effective(double n) {
  return (1 - 0.9999) / (1 - std::pow(0.9999, n));
}

// The loss of one sample, from the formulas of the papers.
double sample_loss(const std::string& name, const Batch& batch, size_t i) {
  Row scores = batch.logits[i];
  const size_t y = batch.labels[i];
  const auto count = [&](size_t c) { return static_cast<double>(batch.counts[c]); };
  if (name == "balanced-softmax" || name == "logit-adjusted") {
    for (size_t c = 0; c < scores.size(); ++c) scores[c] += std::log(count(c));
  }
  if (name == "ldam-drw") {
    const auto rarest = *std::min_element(batch.counts.begin(), batch.counts.end());
    scores[y] -= 0.5 * std::pow(static_cast<double>(rarest) / count(y), 0.25);
    for (double& score : scores) score *= 30;
  }
  const double loss = -log_probability(scores, y);
  if (name == "focal") return std::pow(1 - std::exp(-loss), 2) * loss;
  if (name == "class-weighted") {
    return loss * weights(batch.counts, [](double n) { return 1 / n; })[y];
  }
  if (name == "class-balanced" || (name == "ldam-drw" && batch.progress >= 0.8)) {
    return loss * weights(batch.counts, effective)[y];
  }
  return loss;
}

double reference(const std::string& name, const Batch& batch) {
  double sum = 0;
  for (size_t i = 0; i < batch.labels.size(); ++i) sum += sample_loss(name, batch, i);
  return sum / static_cast<double>(batch.labels.size());
}

at::Tensor logits_of(const Batch& batch) {
  std::vector<float> flat;
  for (const Row& row : batch.logits) flat.insert(flat.end(), row.begin(), row.end());
  return at::tensor(flat).reshape({static_cast<int64_t>(batch.labels.size()), -1});
}

at::Tensor labels_of(const Batch& batch) {
  return at::tensor(std::vector<int64_t>(batch.labels.begin(), batch.labels.end()));
}

std::vector<Batch> batches() {
  const Batch usual{{{0.5, -1, 2}, {1, 1, 1}, {-2, 0.25, 0}, {3, -1, 0.5}, {0, 0, 1}},
                    {2, 1, 0, 0, 2},
                    {5000, 40, 3},
                    0.5};
  Batch late = usual;
  late.progress = 0.85;
  return {usual, late, {{{0.3, -0.7}}, {1}, {9, 1}, 0}, {{{1.5}, {-3}}, {0, 0}, {2}, 0}};
}

TEST(Loss, AgreesWithReference) {
  for (const Loss& loss : losses()) {
    for (const Batch& batch : batches()) {
      const at::Tensor got =
          make_loss(loss.name, batch.counts)(logits_of(batch), {labels_of(batch)}, batch.progress);
      const double wanted = reference(loss.name, batch);
      EXPECT_NEAR(got.item<double>(), wanted, 1e-5 * std::max(1.0, wanted)) << loss.name;
    }
  }
}

TEST(Loss, GradientAgreesWithFiniteDifferences) {
  constexpr double kStep = 1e-5;
  // A float softmax is right to 6e-8; ldam-drw multiplies that by 30 and by weights up to 514 / 5.
  constexpr double kTolerance = 3e-4;
  for (const Loss& loss : losses()) {
    for (Batch batch : batches()) {
      at::Tensor logits = logits_of(batch).requires_grad_();
      make_loss(loss.name, batch.counts)(logits, {labels_of(batch)}, batch.progress).backward();
      for (size_t i = 0; i < batch.labels.size(); ++i) {
        for (size_t c = 0; c < batch.counts.size(); ++c) {
          const double old = batch.logits[i][c];
          batch.logits[i][c] = old + kStep;
          const double above = reference(loss.name, batch);
          batch.logits[i][c] = old - kStep;
          const double wanted = (above - reference(loss.name, batch)) / (2 * kStep);
          batch.logits[i][c] = old;
          const auto got = logits.grad()[static_cast<int64_t>(i)][static_cast<int64_t>(c)];
          EXPECT_NEAR(got.item<double>(), wanted, kTolerance * std::max(1.0, std::abs(wanted)))
              << loss.name << " sample " << i << " class " << c;
        }
      }
    }
  }
}

TEST(Loss, RefusesUnknownName) {
  EXPECT_THROW(make_loss("hinge", {1, 1}), InputError);
}

}  // namespace
}  // namespace ncprune
