#include "ncprune/train/train.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ncprune/base/error.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/train/loss.h"
#include "ncprune/train/optimizer.h"
#include "ncprune/train/sampler.h"
#include "ncprune/train/schedule.h"

namespace ncprune {
namespace {

// Class c is a Gaussian of unit variance around 5 at feature c and 0 elsewhere; `counts` samples
// of each.
Dataset gaussians(const std::vector<int64_t>& counts, uint64_t seed, int64_t features = 6) {
  Random random(seed);
  Dataset data;
  int64_t size = 0;
  for (const int64_t n : counts) size += n;
  data.inputs = at::empty({size, features}).normal_(0, 1, random.generator());
  data.labels = at::zeros({size}, at::kLong);
  int64_t begin = 0;
  for (size_t c = 0; c < counts.size(); ++c) {
    data.class_names.push_back("class " + std::to_string(c));
    data.inputs.slice(0, begin, begin + counts[c]).select(1, static_cast<int64_t>(c)).add_(5);
    data.labels.slice(0, begin, begin + counts[c]).fill_(static_cast<int64_t>(c));
    begin += counts[c];
  }
  return data;
}

Network network_for(const Dataset& data, const std::string& spec = "mlp:16") {
  return build_network(spec, data.sample_shape(), data.num_classes(), Random(1));
}

bool same_weights(const Network& a, const Network& b) {
  return std::equal(a.initializers.begin(), a.initializers.end(), b.initializers.begin(),
                    b.initializers.end(), [](const auto& x, const auto& y) {
                      return x.first == y.first && at::equal(x.second, y.second);
                    });
}

double accuracy(const Network& network, const Dataset& data) {
  return logits(network, data.inputs)
      .argmax(1)
      .eq(data.labels)
      .to(at::kDouble)
      .mean()
      .item<double>();
}

TEST(Train, LearnsSeparableClasses) {
  const Dataset training = gaussians({300, 60, 20}, 1);
  const Dataset validation = gaussians({50, 50, 50}, 2);
  const Training result = train(network_for(training), training, validation,
                                {.learning_rate = 1e-2, .epochs = 8, .batch = 32});
  EXPECT_EQ(result.history.size(), 8);
  EXPECT_LT(result.history.back().loss, 0.3 * result.history.front().loss);
  EXPECT_GT(accuracy(result.network, gaussians({100, 100, 100}, 3)), 0.97);
}

TEST(Train, EveryNameInTheTablesLearns) {
  const Dataset training = gaussians({200, 40, 20}, 1);
  const auto learns = [&](TrainOptions options) {
    options.learning_rate = 1e-2;
    options.batch = 32;
    const Training result = train(network_for(training), training, {}, options);
    return accuracy(result.network, gaussians({100, 100, 100}, 3)) > 0.9;
  };
  for (const Loss& loss : losses()) EXPECT_TRUE(learns({.loss = loss.name})) << loss.name;
  for (const Sampler& s : samplers()) EXPECT_TRUE(learns({.sampler = s.name})) << s.name;
  for (const OptimizerRule& o : optimizers()) EXPECT_TRUE(learns({.optimizer = o.name})) << o.name;
  for (const Schedule& s : schedules()) EXPECT_TRUE(learns({.schedule = s.name})) << s.name;
}

TEST(Train, SeedDecidesTheWeights) {
  const Dataset training = gaussians({50, 20}, 1);
  const Network start = network_for(training);
  const Network before = clone(start);
  const auto weights = [&](uint64_t seed) {
    return train(start, training, {}, {.epochs = 2, .batch = 16, .seed = seed}).network;
  };
  EXPECT_TRUE(same_weights(weights(4), weights(4)));
  EXPECT_FALSE(same_weights(weights(4), weights(5)));
  EXPECT_TRUE(same_weights(start, before)) << "the caller's network was changed";
}

// `network` with a node between each convolution and the BatchNormalization behind it.
Network apart(Network network) {
  std::vector<Node> nodes;
  for (Node node : network.nodes) {
    if (node.op_type == "BatchNormalization") {
      const std::string between = node.inputs[0] + ".between";
      nodes.push_back({"Identity", between, {node.inputs[0]}, {between}, {}});
      node.inputs[0] = between;
    }
    nodes.push_back(std::move(node));
  }
  network.nodes = std::move(nodes);
  return network;
}

TEST(Train, NormalizationsThatKeepTheirStatisticsLearnAsBefore) {
  Dataset training = gaussians({40, 20, 10}, 1, 36);
  training.inputs = training.inputs.view({-1, 1, 6, 6});
  TrainOptions options{.learning_rate = 1e-2, .epochs = 2, .batch = 16};
  const Network start = train(network_for(training, "cnn:4,6"), training, {}, options).network;
  options.keep_statistics = true;
  const Network together = train(start, training, {}, options).network;
  const Network separate = train(apart(start), training, {}, options).network;
  int64_t statistics = 0;
  for (const auto& [name, tensor] : start.initializers) {
    const at::Tensor& learnt = together.initializers.at(name);
    EXPECT_TRUE(at::allclose(learnt, separate.initializers.at(name), 1e-3, 1e-5)) << name;
    const bool runs = name.ends_with(".mean") || name.ends_with(".var");
    EXPECT_EQ(at::equal(learnt, tensor), runs) << name;
    statistics += runs ? 1 : 0;
  }
  EXPECT_EQ(statistics, 4);
}

// One plain gradient step on a whole batch, against the formula: W -= rate dL/dW with
// dL/dlogits = (softmax - onehot) / N. The input's normalisation must be in it.
TEST(Train, OneStepIsTheGradientOfTheMeanLoss) {
  const Dataset training = gaussians({4, 3}, 1, 2);
  Network network = network_for(training, "mlp?bias=false");
  network.metadata.input_mean = at::full({2}, 0.5F);
  network.metadata.input_scale = at::full({2}, 2.0F);
  const at::Tensor x = ((training.inputs - 0.5) / 2).to(at::kDouble);
  const at::Tensor weight = network.initializers.at("head.weight").to(at::kDouble);
  at::Tensor residual = x.matmul(weight.t()).softmax(1);
  for (int64_t i = 0; i < 7; ++i) residual[i][training.labels[i].item<int64_t>()] -= 1;
  const at::Tensor wanted = weight - 0.1 * residual.t().matmul(x) / 7;
  const Training result =
      train(network, training, {},
            {.optimizer = "sgd", .learning_rate = 0.1, .momentum = 0, .epochs = 1, .batch = 7});
  const at::Tensor got = result.network.initializers.at("head.weight");
  EXPECT_LT((got - wanted).abs().max().item<double>(), 1e-6);
}

TEST(Train, KeepsTheBestEpoch) {
  const Dataset training = gaussians({100, 10}, 1);
  const Dataset validation = gaussians({40, 40}, 2);
  for (const std::string select : {"balanced", "overall"}) {
    const Training result = train(network_for(training), training, validation,
                                  {.learning_rate = 0.05, .epochs = 12, .select = select});
    const auto value = [&](const Epoch& epoch) {
      return select == "balanced" ? epoch.validation_balanced : epoch.validation_overall;
    };
    const auto best =
        std::max_element(result.history.begin(), result.history.end(),
                         [&](const Epoch& a, const Epoch& b) { return value(a) < value(b); });
    EXPECT_EQ(result.best_epoch, best->epoch) << "the first of the largest";
    EXPECT_DOUBLE_EQ(accuracy(result.network, validation), best->validation_overall);
  }
}

TEST(Train, BalancedAccuracyAveragesOverThePresentClasses) {
  const Dataset training = gaussians({30, 30, 30}, 1);
  const Dataset validation = gaussians({30, 10, 0}, 2);
  const Training result = train(network_for(training), training, validation, {.epochs = 1});
  const at::Tensor correct =
      logits(result.network, validation.inputs).argmax(1).eq(validation.labels).to(at::kDouble);
  const double first = correct.slice(0, 0, 30).mean().item<double>();
  const double second = correct.slice(0, 30, 40).mean().item<double>();
  EXPECT_NEAR(result.history[0].validation_balanced, (first + second) / 2, 1e-12);
  EXPECT_NEAR(result.history[0].validation_overall, (30 * first + 10 * second) / 40, 1e-12);
}

TEST(Train, StopsWhenPatienceRunsOut) {
  const Dataset training = gaussians({60, 60}, 1);
  const Training result = train(network_for(training), training, gaussians({30, 30}, 2),
                                {.learning_rate = 1e-2, .epochs = 200, .batch = 20, .patience = 3});
  EXPECT_LT(result.history.size(), 200);
  EXPECT_EQ(static_cast<int64_t>(result.history.size()), result.best_epoch + 3);
}

TEST(Train, GivesTheStartBackWhereNoEpochIsBetter) {
  const Dataset training = gaussians({60, 60}, 1);
  const Dataset validation = gaussians({30, 30}, 2);
  const Network good = train(network_for(training), training, validation, {.epochs = 30}).network;
  Dataset wrong = training;
  wrong.labels = 1 - training.labels;
  const Training worse = train(good, wrong, validation, {.epochs = 2, .keep_start = true});
  EXPECT_EQ(worse.best_epoch, 0);
  ASSERT_EQ(worse.history.size(), 3);
  EXPECT_EQ(worse.history.front().epoch, 0);
  EXPECT_DOUBLE_EQ(worse.history.front().validation_overall, accuracy(good, validation));
  EXPECT_TRUE(at::equal(logits(worse.network, validation.inputs), logits(good, validation.inputs)));
  const Training better = train(network_for(training), training, validation,
                                {.learning_rate = 1e-2, .epochs = 5, .keep_start = true});
  EXPECT_GT(better.best_epoch, 0);
}

TEST(Train, WithoutValidationTheLastEpochIsTaken) {
  const Dataset training = gaussians({30, 30}, 1);
  const Training result = train(network_for(training), training, {}, {.epochs = 3, .patience = 1});
  EXPECT_EQ(result.best_epoch, 3);
}

TEST(Train, KeepsTheEpochsAskedFor) {
  const Dataset training = gaussians({30, 30}, 1);
  const Network start = network_for(training);
  const auto options = [](int64_t epochs, std::vector<int64_t> checkpoints) {
    return TrainOptions{.epochs = epochs, .checkpoints = std::move(checkpoints)};
  };
  const Training result = train(start, training, {}, options(4, {0, 2, 4}));
  ASSERT_EQ(result.checkpoints.size(), 3);
  EXPECT_TRUE(same_weights(result.checkpoints.at(0), start));
  EXPECT_TRUE(
      same_weights(result.checkpoints.at(2), train(start, training, {}, options(2, {})).network));
  EXPECT_TRUE(same_weights(result.checkpoints.at(4), result.network));
  EXPECT_THROW(train(start, training, {}, options(4, {5})), InputError);
}

TEST(Train, BatchNormalizationAndDropoutTrain) {
  const Dataset training = gaussians({100, 65}, 1);  // 165 = 5 * 32 + 5; 33 = 32 + 1
  Network network = network_for(training, "mlp:16,8?batchnorm=true");
  // Dropout before the head.
  Node& head = network.nodes.back();
  network.initializers["ratio"] = at::full({}, 0.25F);
  const Node dropout{"Dropout", "drop", {head.inputs.front(), "ratio"}, {"dropped"}, {}};
  head.inputs.front() = "dropped";
  network.nodes.insert(network.nodes.end() - 1, dropout);
  for (const int64_t batch : {32, 164}) {
    const Training result =
        train(network, training, {}, {.learning_rate = 1e-2, .epochs = 8, .batch = batch});
    const auto& weights = result.network.initializers;
    EXPECT_GT(weights.at("bn1.mean").abs().max().item<double>(), 1e-3);
    EXPECT_NE(weights.at("bn1.var")[0].item<double>(), 1);
    EXPECT_EQ(weights.at("ratio").item<float>(), 0.25F);
    for (const auto& [name, tensor] : weights) EXPECT_FALSE(tensor.requires_grad()) << name;
    EXPECT_GT(accuracy(result.network, gaussians({50, 50}, 3)), 0.9) << "batch " << batch;
  }
}

TEST(Train, KeepsPrunedWeightsAtZero) {
  const Dataset training = gaussians({50, 50}, 1);
  for (const std::string optimizer : {"sgd", "adam", "adamw"}) {
    Network network = network_for(training);
    network.initializers.at("fc1.weight").slice(0, 0, 8).zero_();
    network.initializers.at("fc1.bias").zero_();
    const Training result =
        train(network, training, {},
              {.optimizer = optimizer, .weight_decay = 0.01, .epochs = 2, .keep_zeros = true});
    const auto& weights = result.network.initializers;
    EXPECT_EQ(weights.at("fc1.weight").slice(0, 0, 8).abs().max().item<float>(), 0);
    EXPECT_GT(weights.at("fc1.weight").slice(0, 8).ne(0).sum().item<int64_t>(), 8 * 6 - 1);
    EXPECT_GT(weights.at("fc1.bias").abs().max().item<float>(), 0) << "biases are not pruned";
  }
}

TEST(Train, KeepingZerosChangesNothingWhereThereAreNone) {
  const Dataset training = gaussians({50, 50}, 1);
  const Network network = network_for(training);
  for (const std::string optimizer : {"sgd", "adam", "adamw"}) {
    TrainOptions options{.optimizer = optimizer, .weight_decay = 0.01, .epochs = 2};
    const Training plain = train(network, training, {}, options);
    options.keep_zeros = true;
    const Training kept = train(network, training, {}, options);
    for (const auto& [name, tensor] : plain.network.initializers) {
      EXPECT_TRUE(at::equal(kept.network.initializers.at(name), tensor)) << optimizer << name;
    }
  }
}

TEST(Train, RefusesAnAbsentClass) {
  const Dataset training = gaussians({30, 0, 30}, 1);
  EXPECT_THROW(train(network_for(training), training, {}, {}), InputError);
}

TEST(Train, RefusesToDiverge) {
  const Dataset training = gaussians({30, 30}, 1);
  try {
    train(network_for(training), training, {},
          {.optimizer = "sgd", .learning_rate = 1e30, .epochs = 5, .batch = 8});
    FAIL() << "did not throw";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "training diverged at epoch 1: lower the learning rate");
  }
}

TEST(Train, RefusesOptionsOutOfRange) {
  const Dataset training = gaussians({30, 30}, 1);
  const Network network = network_for(training);
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<TrainOptions> wrong{
      {.loss = "hinge"},     {.sampler = "odd"},     {.optimizer = "newton"},
      {.schedule = "never"}, {.learning_rate = 0},   {.learning_rate = kNan},
      {.momentum = 1},       {.weight_decay = -0.1}, {.epochs = 0},
      {.batch = 0},          {.select = "best"},     {.patience = -1}};
  for (const TrainOptions& options : wrong) {
    EXPECT_THROW(train(network, training, {}, options), InputError);
  }
  EXPECT_THROW(train(network, gaussians({30, 30}, 1, 7), {}, {}), InputError)
      << "too many features";
}

}  // namespace
}  // namespace ncprune
