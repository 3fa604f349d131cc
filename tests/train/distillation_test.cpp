#include "ncprune/train/distillation.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ncprune/train/sampler.h"
#include "ncprune/train/train.h"
#include "tests/data/input_error.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

at::Tensor all_of(const Dataset& data) {
  return at::arange(data.size(), at::kLong);
}

double loss_of(const DistillationLoss& loss, const at::Tensor& indices, const Network& student,
               const Dataset& data) {
  const Dataset some = select(data, indices);
  const std::string& value = loss.features_value();
  const StudentBatch batch{indices, logits(student, some.inputs),
                           value.empty() ? at::Tensor() : value_of(student, some, value)};
  const auto stored = loss(loss.lesson_of(indices), batch).item<double>();
  // The teacher says the same of the same inputs.
  const auto asked = loss(loss.ask(some.inputs), batch).item<double>();
  EXPECT_NEAR(asked, stored, 1e-5 * std::max(1.0, stored));
  return stored;
}

std::vector<double> softmax(const Matrix& scores, int64_t i, double temperature) {
  std::vector<double> p;
  double sum = 0;
  for (int64_t k = 0; k < scores.columns(); ++k) {
    p.push_back(std::exp(scores(i, k) / temperature));
    sum += p.back();
  }
  for (double& value : p) value /= sum;
  return p;
}

// What the header says, a sample at a time, for draws that are the samples.
double naive(const Distillation& options, const at::Tensor& indices, const Network& student,
             const Dataset& data) {
  const Matrix t(logits(options.teacher, data.inputs));
  const Matrix s(logits(student, data.inputs));
  const Matrix g(value_of(options.teacher, data, head_layer(options.teacher).input));
  const Matrix f(value_of(student, data, head_layer(student).input));
  const std::vector<int64_t> counts = class_counts(data);
  const auto labels = elements<int64_t>(data.labels);
  const auto size = static_cast<double>(data.size());
  double total = 0;
  for (const int64_t n : counts) total += std::pow(static_cast<double>(n), 1 - options.balance);
  const auto weight = [&](int64_t i) {
    const auto n = static_cast<double>(counts[static_cast<size_t>(labels[static_cast<size_t>(i)])]);
    return std::pow(n, -options.balance) * size / total;
  };
  double scale = 0;
  for (int64_t i = 0; i < data.size(); ++i) {
    for (int64_t j = 0; j < g.columns(); ++j) scale += weight(i) * g(i, j) * g(i, j) / size;
  }
  double sum = 0;
  for (const int64_t i : elements<int64_t>(indices)) {
    const std::vector<double> p = softmax(t, i, options.temperature);
    const std::vector<double> q = softmax(s, i, options.temperature);
    double divergence = 0;
    for (size_t k = 0; k < p.size(); ++k) divergence += p[k] * std::log(p[k] / q[k]);
    double distance = 0;
    for (int64_t j = 0; j < g.columns(); ++j) distance += std::pow(f(i, j) - g(i, j), 2);
    sum += weight(i) * (options.logits * options.temperature * options.temperature * divergence +
                        options.features * distance / scale);
  }
  return sum / static_cast<double>(indices.numel());
}

TEST(Distillation, IsTheFormulaOfItsHeader) {
  const Dataset data = gaussian_data({30, 7, 1}, 6);
  const Network teacher = network_for(data, "mlp:9,5", 1);
  Network student = network_for(data, "mlp:12,5", 2);
  // Far from the teacher, or little is left of the divergence but rounding.
  set_weight(student, head_layer(student), 10 * weight_of(student, head_layer(student)));
  const at::Tensor batch = at::tensor({0, 29, 33, 37}, at::kLong);
  for (const Distillation& options :
       {Distillation{.teacher = teacher}, Distillation{.teacher = teacher, .temperature = 0.7},
        Distillation{.teacher = teacher, .logits = 0, .features = 2},
        Distillation{.teacher = teacher, .logits = 0.5, .features = 0.3, .balance = 0.4}}) {
    const DistillationLoss loss(options, student, data, class_counts(data), false);
    for (const at::Tensor& indices : {batch, all_of(data)}) {
      const double wanted = naive(options, indices, student, data);
      EXPECT_NEAR(loss_of(loss, indices, student, data), wanted, 1e-5 * wanted);
      EXPECT_GT(wanted, 1e-4);
    }
  }
}

TEST(Distillation, CostsNothingWhereTheStudentIsTheTeacher) {
  const Dataset data = gaussian_data({40, 5}, 6);
  const Network teacher = network_for(data, "mlp:9,5");
  const DistillationLoss loss({.teacher = teacher, .features = 1}, teacher, data,
                              class_counts(data), false);
  EXPECT_NEAR(loss_of(loss, all_of(data), teacher, data), 0, 1e-9);
}

// With augmentation the teacher is asked for every batch, and nothing is computed in advance.
TEST(Distillation, AsksForChangedSamplesWhatItWouldHaveStored) {
  Dataset data = gaussian_data({40, 5}, 36);
  data.inputs = data.inputs.view({-1, 1, 6, 6});
  const Network teacher = network_for(data, "cnn:4,6", 1);  // with BatchNormalization
  const Network student = network_for(data, "cnn:4,6", 2);
  const DistillationLoss stored({.teacher = teacher}, student, data, class_counts(data), false);
  const DistillationLoss asking({.teacher = teacher}, student, data, class_counts(data), true);
  const StudentBatch batch{all_of(data), logits(student, data.inputs), {}};
  const auto wanted = stored(stored.lesson_of(batch.indices), batch).item<double>();
  EXPECT_GT(wanted, 1e-4);
  EXPECT_NEAR(asking(asking.ask(data.inputs), batch).item<double>(), wanted, 1e-5 * wanted);
}

TEST(Distillation, AStudentWithoutFeaturesPaysOne) {
  const Dataset data = gaussian_data({40, 5, 1}, 6);
  const Network teacher = network_for(data, "mlp:9,5");
  Network student = clone(teacher);
  student.initializers.at("fc2.weight").zero_();
  student.initializers.at("fc2.bias").zero_();
  for (const double balance : {0.0, 1.0}) {
    const Distillation options{.teacher = teacher, .logits = 0, .features = 1, .balance = balance};
    const DistillationLoss loss(options, student, data, class_counts(data), false);
    EXPECT_NEAR(loss_of(loss, all_of(data), student, data), 1, 1e-5);
  }
}

// Over an epoch, the loss is the mean over classes of the mean over a class's samples: with natural
// draws by the weights, with class-balanced draws by how often each sample comes.
TEST(Distillation, EveryClassCountsTheSameWhateverTheSampler) {
  const Dataset data = gaussian_data({60, 12, 3}, 6);
  const Network teacher = network_for(data, "mlp:9", 1);
  const Network student = network_for(data, "mlp:9", 2);
  double wanted = 0;
  for (int64_t c = 0; c < 3; ++c) {
    const Distillation plain{.teacher = teacher, .balance = 0};
    wanted += naive(plain, class_indices(data, c), student, data) / 3;
  }
  for (const Sampler& sampler : samplers()) {
    const std::vector<int64_t> shares = epoch_shares(class_counts(data), sampler);
    const DistillationLoss loss({.teacher = teacher}, student, data, shares, false);
    // Shares are multiples of the classes' sizes for natural draws only: take class by class.
    double epoch = 0;
    for (int64_t c = 0; c < 3; ++c) {
      epoch += static_cast<double>(shares[static_cast<size_t>(c)]) /
               static_cast<double>(data.size()) *
               loss_of(loss, class_indices(data, c), student, data);
    }
    EXPECT_NEAR(epoch, wanted, 1e-5 * wanted) << sampler.name;
  }
}

TEST(Distillation, BringsTheStudentNearerToTheTeacher) {
  const Dataset data = gaussian_data({200, 40, 10}, 6);
  const Network teacher =
      train(network_for(data, "mlp:16,8", 1), data, {}, {.learning_rate = 1e-2, .epochs = 10})
          .network;
  const Network student = network_for(data, "mlp:12,8", 2);
  const auto distance = [&](const Network& network) {
    return (logits(network, data.inputs).softmax(1) - logits(teacher, data.inputs).softmax(1))
        .abs()
        .mean()
        .item<double>();
  };
  for (const double features : {0.0, 1.0}) {
    const Distillation options{.teacher = teacher, .features = features, .labels = 0};
    const Network taught =
        train(student, data, {},
              {.learning_rate = 1e-2, .epochs = 30, .batch = 32, .distillation = options})
            .network;
    EXPECT_LT(distance(taught), 0.1 * distance(student)) << features;
  }
}

// With a step of no size, an epoch's loss tells which changed pictures it saw.
TEST(Distillation, RepeatsTheFreshEpochsInTurn) {
  Dataset data = gaussian_data({40, 5}, 36);
  data.inputs = data.inputs.view({-1, 1, 6, 6});
  const Network teacher = network_for(data, "cnn:4,6", 1);
  const Network student = network_for(data, "cnn:4,6", 2);
  const auto losses_with = [&](int64_t fresh) {
    const TrainOptions options{.sampler = "class-balanced",
                               .learning_rate = 1e-30,
                               .epochs = 4,
                               .batch = 16,
                               .keep_statistics = true,
                               .distillation = Distillation{.teacher = teacher, .labels = 0},
                               .augment = {"crop"},
                               .fresh_epochs = fresh};
    std::vector<double> losses;
    for (const Epoch& epoch : train(student, data, {}, options).history) {
      losses.push_back(epoch.loss);
    }
    return losses;
  };
  const std::vector<double> fresh = losses_with(0);
  for (size_t i = 0; i < 4; ++i) {
    for (size_t j = 0; j < i; ++j) EXPECT_NE(fresh[i], fresh[j]);
  }
  EXPECT_EQ(losses_with(1), std::vector<double>(4, fresh[0]));
  EXPECT_EQ(losses_with(2), (std::vector<double>{fresh[0], fresh[1], fresh[0], fresh[1]}));
  EXPECT_EQ(losses_with(9), fresh);
}

TEST(Distillation, RefusesWhatCannotBeCompared) {
  const Dataset data = gaussian_data({20, 5}, 6);
  const Network student = network_for(data, "mlp:8,4");
  const auto refusal = [&](const Distillation& options) {
    return input_error([&] { train(student, data, {}, {.distillation = options}); });
  };
  EXPECT_EQ(refusal({.teacher = network_for(data, "mlp:8,7"), .features = 1}),
            "the network has 4 last features and the teacher 7: they cannot be compared");
  EXPECT_NE(refusal({.teacher = network_for(gaussian_data({5, 5, 5}, 6), "mlp:4")}).find("teacher"),
            std::string::npos);
  EXPECT_NE(refusal({.teacher = network_for(gaussian_data({5, 5}, 7), "mlp:4")}).find("teacher"),
            std::string::npos);
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const Distillation& options :
       {Distillation{.logits = -1}, Distillation{.logits = 0}, Distillation{.temperature = 0},
        Distillation{.temperature = kNan}, Distillation{.features = -1},
        Distillation{.labels = kNan}, Distillation{.balance = 1.5}}) {
    Distillation taught = options;
    taught.teacher = student;
    refusal(taught);
  }
}

}  // namespace
}  // namespace ncprune
