// Criteria made of derivatives, against finite differences of the losses in double precision.
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "tests/criteria/scored.h"

namespace ncprune {
namespace {

constexpr double kTolerance = 1e-4;  // the library differentiates in float

// The losses of a small smooth network on a few samples as a function of its weights.
class Differences : public testing::Test {
 protected:
  // The cross-entropy of every sample, [N], with the weight of prunable layer `l` moved by `step`.
  at::Tensor losses(size_t l, const at::Tensor& step) const {
    Network moved = exact_;
    set_weight(moved, layers_[l], weight_of(exact_, layers_[l]) + step);
    return -run(moved, data_.inputs.to(at::kDouble), {"logits"})
                .front()
                .log_softmax(1)
                .gather(1, data_.labels.unsqueeze(1))
                .squeeze(1);
  }

  // The derivatives of every sample's loss by each weight of layer `l`, [N, m, d].
  at::Tensor gradients(size_t l) const {
    constexpr double kStep = 1e-5;
    const at::Tensor weight = weight_of(exact_, layers_[l]);
    at::Tensor result = at::zeros({data_.size(), weight.size(0), weight.size(1)}, at::kDouble);
    for (int64_t i = 0; i < weight.size(0); ++i) {
      for (int64_t j = 0; j < weight.size(1); ++j) {
        at::Tensor step = at::zeros_like(weight);
        step[i][j] = kStep;
        result.select(1, i).select(1, j).copy_((losses(l, step) - losses(l, -step)) / (2 * kStep));
      }
    }
    return result;
  }

  // Their mean over the samples of class `c`.
  at::Tensor class_mean(const at::Tensor& per_sample, int64_t c) const {
    return per_sample.index_select(0, class_indices(data_, c)).mean(0);
  }

  at::Tensor weight(size_t l) const { return weight_of(exact_, layers_[l]); }

  // Holds `spec` against `wanted`, from the layer and the samples' gradients.
  template <typename Wanted>
  void expect_measured(const std::string& spec, Wanted wanted) const {
    const std::vector<at::Tensor> found = measured_scores(spec, network_, data_);
    for (size_t l = 0; l < layers_.size(); ++l) {
      SCOPED_TRACE(layers_[l].name);
      expect_scores(found[l], wanted(weight(l), gradients(l)), kTolerance);
    }
  }

  at::Tensor whole_rows(const at::Tensor& scores, const at::Tensor& weight) const {
    return scores.unsqueeze(1).expand_as(weight);
  }

  Dataset data_ = gaussian_data({6, 3, 1}, 3);
  Network network_ = network_for(data_, "mlp:4,3?activation=tanh");
  std::vector<Layer> layers_ = prunable_layers(network_);
  Network exact_ = [this] {
    Network copy = network_;
    for (auto& [name, tensor] : copy.initializers) tensor = tensor.to(at::kDouble);
    return copy;
  }();
};

TEST_F(Differences, Snip) {
  expect_measured("snip", [](const at::Tensor& w, const at::Tensor& gradients) {
    return (w * gradients.mean(0)).abs();
  });
}

TEST_F(Differences, TaylorFo) {
  expect_measured("taylor-fo", [&](const at::Tensor& w, const at::Tensor& gradients) {
    return whole_rows((w * gradients.mean(0)).sum(1).square(), w);
  });
}

TEST_F(Differences, Undecayed) {
  expect_measured("undecayed?decay=0.01", [](const at::Tensor& w, const at::Tensor& gradients) {
    return (0.01 * w * w - w * gradients.mean(0)).abs();
  });
}

TEST_F(Differences, ObdTakesTheSquareOfEverySamplesGradient) {
  expect_measured("obd", [](const at::Tensor& w, const at::Tensor& gradients) {
    return w * w * gradients.square().mean(0) / 2;
  });
}

TEST_F(Differences, CicIsTheMeanOverClassesLessTheirDeviation) {
  expect_measured("cic?alpha=0.7", [&](const at::Tensor& w, const at::Tensor& gradients) {
    std::vector<at::Tensor> importance;
    at::Tensor mean = at::zeros({w.size(0)}, at::kDouble);
    for (int64_t c = 0; c < 3; ++c) {
      importance.push_back((w * class_mean(gradients, c)).sum(1).square());
      mean += importance.back() / 3;
    }
    at::Tensor variance = at::zeros_like(mean);
    for (const at::Tensor& own : importance) variance += (own - mean).square() / 3;
    return whole_rows(mean - 0.7 * variance.sqrt(), w);
  });
}

TEST_F(Differences, FairPruneSetsRareAgainstCommonClasses) {
  // Classes 1 and 2 have fewer of the 10 samples than the average of 10 / 3.
  expect_measured("fairprune?beta=0.5", [&](const at::Tensor& w, const at::Tensor& gradients) {
    const at::Tensor squares = gradients.square();
    const at::Tensor rare = (class_mean(squares, 1) + class_mean(squares, 2)) / 2;
    return w * w / 2 * (rare - 0.5 * class_mean(squares, 0));
  });
}

TEST_F(Differences, GraspIsHalfOfWhatTheSquaredGradientLosesByShrinkingTheWeight) {
  constexpr double kStep = 1e-3;
  // The squared norm of the mean loss's gradient by the weights of all prunable layers.
  const auto flow = [&] {
    double sum = 0;
    for (size_t l = 0; l < layers_.size(); ++l) {
      sum += gradients(l).mean(0).square().sum().item<double>();
    }
    return sum;
  };
  const std::vector<at::Tensor> found = measured_scores("grasp", network_, data_);
  for (size_t l = 0; l < layers_.size(); ++l) {
    SCOPED_TRACE(layers_[l].name);
    const at::Tensor before = weight(l).clone();
    at::Tensor wanted = at::zeros_like(before);
    for (int64_t i = 0; i < before.size(0); ++i) {
      for (int64_t j = 0; j < before.size(1); ++j) {
        std::vector<double> flows;
        for (const double share : {1 + kStep, 1 - kStep}) {
          at::Tensor scaled = before.clone();
          scaled[i][j] *= share;
          set_weight(exact_, layers_[l], scaled);
          flows.push_back(flow());
        }
        wanted[i][j] = (flows[0] - flows[1]) / (2 * kStep) / 2;
      }
    }
    set_weight(exact_, layers_[l], before);
    expect_scores(found[l], wanted, kTolerance);
  }
}

TEST(FairGrape, ChoosesForTheClassThatIsFurthestBehindItsShare) {
  LayerStatistics statistics;
  statistics.class_counts = {7, 0, 3};
  // I_c = w^2 F_c: class 0 has 8 5 1 2, class 2 has 1 4 3 0; shares 16 and 8 of 24. The absent
  // class has none.
  statistics.class_fisher = doubles({8, 5, 0.25, 2, 9, 9, 9, 9, 1, 4, 0.75, 0}, {3, 2, 2});
  // Class 0 is behind by more: weight 0 (held 8, 1 of 9). Class 2 wants 1/3: weight 1 (held 13, 5
  // of 18: class 2 has 0.28). Class 2 again: weight 2 (14, 8). Then class 0, its last: weight 3.
  expect_near(score("fairgrape", doubles({1, 1, -2, 1}, {2, 2}), statistics),
              Matrix(doubles({4, 3, 2, 1}, {2, 2})), 0);
}

TEST(FairPrune, LeavesAnAbsentClassOut) {
  LayerStatistics statistics;
  statistics.class_counts = {8, 0, 1};
  statistics.class_fisher = doubles({2, 100, 6}, {3, 1, 1});
  expect_near(score("fairprune?beta=0.5", doubles({2}, {1, 1}), statistics),
              Matrix(doubles({4 / 2.0 * (6 - 0.5 * 2)}, {1, 1})), 1e-12);
}

// Every path from an input to an output carries the product of the absolute weights on it; a
// weight's score is the sum over the paths through it, biases being paths that begin where they are
// added.
TEST(SynFlow, SumsThePathsThroughTheWeight) {
  const Dataset data = gaussian_data({4, 4, 4}, 3);
  const Network network = network_for(data, "mlp:4,2");
  const auto sizes = [&](const char* name) {
    return network.initializers.at(name).to(at::kDouble).abs();
  };
  const at::Tensor ones = at::ones({3}, at::kDouble);
  const at::Tensor first =
      at::matmul(sizes("fc1.weight"), ones) + sizes("fc1.bias");  // what arrives
  const at::Tensor last = sizes("head.weight").sum(0);            // what goes on from fc2's units
  const at::Tensor middle = at::matmul(last, sizes("fc2.weight"));
  const std::vector<at::Tensor> found = measured_scores("synflow", network, data);
  expect_scores(found[0], sizes("fc1.weight") * middle.unsqueeze(1), 1e-6);
  expect_scores(found[1], sizes("fc2.weight") * last.unsqueeze(1) * first, 1e-6);
}

TEST(SynFlow, ShrinksWithTheSpreadOfABatchNormalizationAndForgetsItsMean) {
  const Dataset data = gaussian_data({4, 4}, 2);
  Network network = network_for(data, "mlp:1?batchnorm=true&bias=false");
  network.initializers.at("fc1.weight") = floats({3, -1}, {1, 2});
  network.initializers.at("bn1.scale") = floats({-2}, {1});
  network.initializers.at("bn1.mean") = floats({1000}, {1});
  network.initializers.at("bn1.var") = floats({16}, {1});
  network.initializers.at("head.weight") = floats({1, -4}, {2, 1});
  const double carried = 2 / std::sqrt(16 + 1e-5) * (1 + 4);
  expect_near(measured_scores("synflow", network, data)[0],
              Matrix(doubles({3 * carried, carried}, {1, 2})), 1e-6);
}

}  // namespace
}  // namespace ncprune
