#include "ncprune/prune/recalibrate.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "ncprune/model/interpreter.h"
#include "ncprune/prune/finish.h"
#include "ncprune/prune/prune.h"
#include "ncprune/train/train.h"
#include "tests/data/input_error.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// The statistics of every BatchNormalization are those of what it reads, [N, C, ...], a value at a
// time.
void expect_exact(const Network& network, const Dataset& data) {
  for (const Node& node : network.nodes) {
    if (node.op_type != "BatchNormalization") continue;
    const at::Tensor x = value_of(network, data, node.inputs[0]);
    const Matrix channels(x.transpose(0, 1).flatten(1));
    Matrix mean(1, channels.rows());
    Matrix variance(1, channels.rows());
    const auto n = static_cast<double>(channels.columns());
    for (int64_t c = 0; c < channels.rows(); ++c) {
      for (int64_t i = 0; i < channels.columns(); ++i) mean(0, c) += channels(c, i) / n;
      for (int64_t i = 0; i < channels.columns(); ++i) {
        variance(0, c) += std::pow(channels(c, i) - mean(0, c), 2) / n;
      }
    }
    expect_near(network.initializers.at(node.inputs[3]), mean, 1e-5);
    expect_near(network.initializers.at(node.inputs[4]), variance, 1e-5);
  }
}

TEST(Recalibrated, RecalibratesEveryLayerOnWhatItNowReads) {
  for (const std::vector<int64_t>& counts :
       {std::vector<int64_t>{2500, 30, 1}, std::vector<int64_t>{1}, std::vector<int64_t>{0, 5}}) {
    const Dataset data = gaussian_data(counts, 6);
    Network network = network_for(data, "mlp:8,5?batchnorm=true");
    // What pruning does: the first layer's pre-activations are not what they were.
    network.initializers.at("fc1.weight").slice(0, 0, 4).zero_();
    network.initializers.at("fc1.bias").add_(100);
    const Network before = clone(network);
    const Network treated = recalibrated({network, network}, data);
    expect_exact(treated, data);
    EXPECT_TRUE(at::equal(network.initializers.at("bn1.mean"), before.initializers.at("bn1.mean")));
  }
}

TEST(Recalibrated, AveragesOverThePositionsOfAChannel) {
  Dataset data = gaussian_data({40, 8}, 12);
  data.inputs = data.inputs.view({48, 3, 2, 2});
  Network network;
  network.input = {"input", {-1, 3, 2, 2}};
  network.output = {"logits", {-1, 2}};
  network.nodes = {
      {"BatchNormalization", "bn", {"input", "scale", "shift", "mean", "var"}, {"h"}, {}},
      {"Flatten", "flat", {"h"}, {"f"}, {}},
      {"Gemm", "head", {"f", "weight"}, {"logits"}, {}}};
  network.initializers = {{"scale", at::ones({3})},
                          {"shift", at::zeros({3})},
                          {"mean", at::zeros({3})},
                          {"var", at::ones({3})},
                          {"weight", at::ones({12, 2})}};
  expect_exact(recalibrated({network, network}, data), data);
}

TEST(Recalibrated, AgreesWithWhatTrainingOnWholeBatchesLearns) {
  const Dataset data = gaussian_data({60, 20}, 6);
  // Steps this small leave the weights alone, and the running statistics come to rest.
  const Network trained =
      train(network_for(data, "mlp:8,5?batchnorm=true"), data, {},
            {.optimizer = "sgd", .learning_rate = 1e-12, .epochs = 300, .batch = data.size()})
          .network;
  const Network treated = recalibrated({trained, trained}, data);
  const double unbiased = 80.0 / 79;  // LibTorch's running variance is divided by n - 1
  for (const std::string bn : {"bn1", "bn2"}) {
    expect_near(treated.initializers.at(bn + ".mean"),
                Matrix(trained.initializers.at(bn + ".mean")), 1e-4);
    expect_near(treated.initializers.at(bn + ".var") * unbiased,
                Matrix(trained.initializers.at(bn + ".var")), 1e-4);
  }
}

TEST(Recalibrated, WithoutBatchNormalizationChannelsVaryAsInTheDenseNetwork) {
  Dataset data = gaussian_data({160, 40, 8}, 36);
  for (const std::string spec : {"mlp:12,8", "mlp:12,8?bias=false", "cnn:4,6?batchnorm=false"}) {
    if (spec.starts_with("cnn")) data.inputs = data.inputs.view({-1, 1, 6, 6});
    const Network dense = network_for(data, spec);
    Network lost = clone(dense);
    for (const Layer& layer : prunable_layers(dense)) {
      const at::Tensor weight = weight_of(dense, layer);
      const at::Tensor factors = 0.4 + normal({weight.size(0), 1}, 5).abs().clamp_max(2);
      set_weight(lost, layer, weight * factors);
      if (shifts(layer)) set_shift(lost, layer, bias_of(dense, layer) + 0.3);
    }
    const Network back = recalibrated({dense, lost}, data);
    const at::Tensor wanted = logits(dense, data);
    EXPECT_GT((logits(lost, data) - wanted).abs().max().item<double>(), 0.05) << spec;
    EXPECT_LT((logits(back, data) - wanted).abs().max().item<double>(), 1e-4) << spec;
  }
}

TEST(Recalibrated, ChannelsThatDoNotVaryStay) {
  const Dataset data = gaussian_data({60, 20}, 6);
  const Network dense = network_for(data, "mlp:8,5");
  Network pruned = clone(dense);
  pruned.initializers.at("fc1.weight").zero_();
  const at::Tensor scores = logits(recalibrated({dense, pruned}, data), data);
  EXPECT_TRUE(at::isfinite(scores).all().item<bool>());
}

TEST(Finished, KeepChangesNothingAndOtherNamesAreRefused) {
  const Dataset data = gaussian_data({20, 5}, 6);
  const Network network = network_for(data, "mlp:8?batchnorm=true");
  for (const auto& [name, tensor] :
       finished({network, network}, {.finish = "keep"}, data).initializers) {
    EXPECT_TRUE(tensor.is_same(network.initializers.at(name))) << name;
  }
  EXPECT_EQ(input_error([&] {
              finished({network, network}, {.finish = "balance"}, data);
            }),
            "unknown finish 'balance'; known: keep, match, recalibrate, refine");
}

TEST(Finished, IsGrantedToWeightsAndToUnits) {
  const Dataset data = gaussian_data({60, 20, 4}, 6);
  const Network dense = network_for(data, "mlp:12,8?batchnorm=true");
  Recipe recipe{.method = find_method("magnitude-uniform"), .share = 0.5, .finish = "recalibrate"};
  expect_exact(prune(dense, data, recipe).network, data);
  recipe.remove = "units";
  expect_exact(prune(dense, data, recipe).network, data);
  recipe.finish = "balance";
  input_error([&] { require_valid(recipe); });
}

}  // namespace
}  // namespace ncprune
