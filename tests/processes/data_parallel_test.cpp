// Several processes share the passes over the data: the same numbers as of one.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/tensor.h>
#include <signal.h>

#include <filesystem>

#include "ncprune/base/lookup.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/prune/batch_norm.h"
#include "ncprune/prune/method.h"
#include "ncprune/prune/prune.h"
#include "ncprune/prune/scoring.h"
#include "ncprune/stats/collapse.h"
#include "ncprune/stats/statistics.h"
#include "ncprune/train/train.h"
#include "tests/cli/program.h"
#include "tests/in_world.h"
#include "tests/own_port.h"
#include "tests/processes/two_hosts.h"

namespace ncprune {
namespace {

using testing::append;
using testing::expect_shared;
using testing::Numbers;
using testing::run_program;

// Pictures of 8 x 8: each class is bright somewhere else.
Dataset pictures(int64_t size) {
  Random random(3);
  Dataset data;
  data.inputs = at::empty({size, 1, 8, 8}).uniform_(0, 1, random.generator());
  data.labels = at::empty({size}, at::kLong).random_(0, 3, random.generator());
  for (int64_t i = 0; i < size; ++i) {
    data.inputs[i].slice(2, 2 * data.labels[i].item<int64_t>(), 8).mul_(0.3);
  }
  data.range = {0, 1};
  data.class_names = {"a", "b", "c"};
  return data;
}

Network network_for(const Dataset& data, const std::string& spec) {
  return build_network(spec, data.sample_shape(), data.num_classes(), Random(1));
}

void append(Numbers& numbers, const Network& network) {
  for (const auto& [name, tensor] : network.initializers) testing::append(numbers, tensor);
}

TEST(DataParallel, StatisticsAreThoseOfOneProcess) {
  const Dataset data = pictures(700);  // three batches: of four processes one has none
  expect_shared([&] {
    Numbers numbers;
    const Network network = network_for(data, "cnn:4,6");
    const std::vector<Layer> layers = prunable_layers(network);
    const std::set<Statistic> all{Statistic::kInputSquareMean, Statistic::kSecondMoment,
                                  Statistic::kMetric,          Statistic::kScatterCovariance,
                                  Statistic::kUnitGeometry,    Statistic::kGradient,
                                  Statistic::kFisher,          Statistic::kClassFisher,
                                  Statistic::kClassTaylor,     Statistic::kHessianGradient,
                                  Statistic::kOutputWeight};
    for (const LayerStatistics& s :
         measure_statistics(network, layers, data, {all, {.margin = 0.5, .noise = 0.1}})) {
      for (const at::Tensor& t :
           {s.input_square_mean, s.second_moment, s.moments.metric, s.moments.cross,
            s.moments.class_means, s.moments.target_mean, s.scatter_covariance, s.unit_means,
            s.unit_scatter, s.gradient, s.fisher, s.class_fisher, s.class_taylor,
            s.hessian_gradient, s.output_weight}) {
        EXPECT_TRUE(t.defined());
        append(numbers, t);
      }
    }
    return numbers;
  });
}

TEST(DataParallel, CollapseRecalibrationAndScoresAreThoseOfOneProcess) {
  const Dataset data = pictures(700);
  expect_shared([&] {
    const Network network = network_for(data, "cnn:4,6");
    Numbers numbers;
    const Collapse collapse = measure_collapse(network, data, class_counts(data));
    for (const LayerCollapse& layer : collapse.layers) {
      numbers.insert(numbers.end(), {layer.nc1, layer.vci, layer.cdnv, layer.trace_ratio});
      append(numbers, layer.gram);
    }
    numbers.push_back(collapse.head.disagreement);
    const Network recalibrated = treat_batch_norm({network, network}, "recalibrate", data, {});
    append(numbers, recalibrated);
    append(numbers, logits(recalibrated, data.inputs));
    return numbers;
  });
}

TEST(DataParallel, BatchNormalizationIsMatchedAsInOneProcess) {
  const Dataset data = pictures(700);
  expect_shared([&] {
    const Network dense = network_for(data, "cnn:4,6");
    Network pruned = clone(dense);
    pruned.initializers.at("conv2.weight").slice(0, 0, 3).zero_();
    const Network matched = treat_batch_norm({dense, pruned}, "match", data, {});
    Numbers numbers;
    append(numbers, matched);
    append(numbers, logits(matched, data.inputs));
    return numbers;
  });
}

TEST(DataParallel, ThePrunedNetworkIsThatOfOneProcess) {
  const Dataset data = pictures(700);
  expect_shared([&] {
    const Network network = network_for(data, "cnn:4,6");
    const PruneOptions options{
        .method = find_named(methods(), "surgeon", "method"), .sparsity = 0.7, .head = "realign"};
    const Method& method = options.method;
    const auto statistics = measure_for({method}, network, data, options.metric);
    Numbers numbers;
    append(numbers, prune(network, {data, statistics}, options).network);
    return numbers;
  });
}

// The weights after some steps: batches of 50, 50 and 3, which four processes cannot share out.
Numbers trained(const Network& network, const TrainOptions& options) {
  const Dataset data = pictures(103);
  TrainOptions how = options;
  how.epochs = 2;
  how.batch = 50;
  how.optimizer = "sgd";  // whose steps grow with the gradient
  how.learning_rate = 0.1;
  const Training training = train(network, data, pictures(300), how);
  Numbers numbers{training.history[0].loss, training.history[1].loss,
                  training.history[1].validation_balanced};
  append(numbers, training.network);
  return numbers;
}

TEST(DataParallel, TrainingTakesTheStepsOfOneProcess) {
  const Network convolutional = network_for(pictures(10), "cnn:4,6");
  expect_shared([&] { return trained(convolutional, {}); });
  expect_shared([&] { return trained(convolutional, {.augment = {"crop", "flip", "mixup"}}); });
  expect_shared([&] {
    return trained(convolutional,
                   {.loss = "class-weighted",
                    .sampler = "class-balanced",
                    .distillation = Distillation{.teacher = convolutional, .features = 1}});
  });
}

TEST(DataParallel, FineTuningOfSparseWeightsTakesTheStepsOfOneProcess) {
  Network sparse = network_for(pictures(10), "cnn:4,6");
  Random random(5);
  for (const Layer& layer : prunable_layers(sparse)) {
    const at::Tensor weight = weight_of(sparse, layer);
    set_weight(sparse, layer, weight * at::empty_like(weight).bernoulli_(0.3, random.generator()));
  }
  expect_shared([&] { return trained(sparse, {.keep_zeros = true}); });
}

TEST(DataParallel, DropoutDropsWhatItWouldInOneProcess) {
  Network network = network_for(pictures(10), "mlp:20,10");
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    if (network.nodes[i].op_type != "Relu") continue;
    Node drop{"Dropout", "drop", {"before"}, network.nodes[i].outputs, {}};
    network.nodes[i].outputs = {"before"};
    network.nodes.insert(network.nodes.begin() + static_cast<std::ptrdiff_t>(i) + 1, drop);
    break;
  }
  expect_shared([&] { return trained(network, {}); });
}

TEST(DataParallel, BatchNormalizationOfASharedBatchNormalizesAllOfIt) {
  // Two samples of one value each: neither process could normalise its own.
  const Dataset two = pictures(2);
  expect_shared([&] {
    Dataset data = two;
    data.labels = at::tensor({0, 1}, at::kLong);
    data.class_names = {"a", "b"};
    const Network own = network_for(data, "mlp:5?batchnorm=true");
    Numbers numbers;
    append(numbers, train(own, data, {}, {.optimizer = "sgd", .epochs = 1, .batch = 2}).network);
    return numbers;
  });
}

// The program in processes of a launcher.
class DataParallelProgram : public ::testing::Test {
 protected:
  static std::string here(int) { return ""; }

  // `arguments` in `size` processes, each where `place` says (see TwoHosts::on), with `before` run
  // before they are waited for; ends with the last failure's code, or 0.
  testing::Outcome together(int size, const std::string& arguments, const std::string& before = "",
                            std::string (*place)(int) = here) {
    const std::string port = std::to_string(testing::own_port());
    std::string script = "pids=\n";
    for (int rank = 0; rank < size; ++rank) {
      const std::string r = std::to_string(rank);
      script += "RANK=" + r + " WORLD_SIZE=" + std::to_string(size) + " MASTER_PORT=" + port + " " +
                place(rank) + "'" NCPRUNE_PROGRAM "' " + arguments + " >out" + r + " 2>err" + r +
                " & p" + r + "=$!\n";
    }
    script += before + "\nrc=0\n";
    for (int rank = 0; rank < size; ++rank) {
      script += "wait $p" + std::to_string(rank) + " || rc=$?\n";
    }
    script += "cat out* err* >&2; exit $rc\n";
    folder_.write("together.sh", script);
    const int status =
        std::system(("cd '" + folder_.path() + "' && sh together.sh 2>said.txt").c_str());
    return {WEXITSTATUS(status), testing::content(folder_, "out0"),
            testing::content(folder_, "said.txt")};
  }

  // The largest difference between the weights of two files.
  double apart(const std::string& a, const std::string& b) {
    const Network one = read_onnx(folder_.path() + "/" + a);
    const Network other = read_onnx(folder_.path() + "/" + b);
    double largest = 0;
    for (const auto& [name, tensor] : one.initializers) {
      if (!tensor.is_floating_point()) continue;
      const at::Tensor difference = (tensor - other.initializers.at(name)).abs();
      largest = std::max(largest, difference.max().item<double>());
    }
    return largest;
  }

  Folder folder_;
};

const std::string kData = "--data synthetic:4,20,3000 --imbalance classes:1@0.1 --quiet";

TEST_F(DataParallelProgram, WritesWhatOneProcessWrites) {
  const auto commands = [](const std::string& name) {
    return std::vector<std::string>{
        "train " + kData + " --arch mlp:30 --epochs 2 -o dense" + name + ".onnx",
        "prune dense.onnx " + kData + " --sparsity 0.8 -o pruned" + name + ".onnx",
        "finetune pruned.onnx " + kData + " --epochs 1 -o tuned" + name + ".onnx"};
  };
  for (const std::string& command : commands("")) ASSERT_EQ(run_program(folder_, command).code, 0);
  for (const std::string& command : commands("2")) {
    const auto outcome = together(2, command);
    ASSERT_EQ(outcome.code, 0) << outcome.error;
    EXPECT_FALSE(outcome.output.empty());
    EXPECT_TRUE(testing::content(folder_, "out1").empty()) << "rank 0 alone prints";
  }
  for (const std::string file : {"dense", "pruned", "tuned"}) {
    EXPECT_LT(apart(file + ".onnx", file + "2.onnx"), 1e-5) << file;
  }
  const std::string evaluate = "evaluate dense.onnx pruned.onnx " + kData;
  EXPECT_EQ(together(4, evaluate).output, run_program(folder_, evaluate).output);
}

TEST_F(DataParallelProgram, EndsWithOneLineWhenAProcessDies) {
  // The events are there once all have met.
  const auto outcome = together(
      2,
      "train " + kData + " --arch mlp:30 --epochs 100000 --track tensorboard:events -o dense.onnx",
      "until ls events/* >/dev/null 2>&1; do sleep 0.1; done; sleep 1; kill -9 $p1");
  EXPECT_EQ(outcome.code, 137) << "of the one that was killed";
  const std::string said = testing::content(folder_, "err0");
  EXPECT_NE(said.find("another process of this job has gone"), std::string::npos) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/dense.onnx"));
}

TEST_F(DataParallelProgram, RunsOnTwoHosts) {
  const testing::TwoHosts hosts;
  if (!hosts.made()) GTEST_SKIP() << "no network namespaces: not root, or iproute2 is missing";
  const std::string train = "train " + kData + " --arch mlp:30 --epochs 2 -o ";
  ASSERT_EQ(run_program(folder_, train + "one.onnx").code, 0);
  const auto outcome = together(2, train + "two.onnx", "", testing::TwoHosts::on);
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_LT(apart("one.onnx", "two.onnx"), 1e-5);
}

TEST_F(DataParallelProgram, RunsUnderMpirun) {
  if (std::system("command -v mpirun >/dev/null") != 0) GTEST_SKIP() << "mpirun is not installed";
  const std::string train = "train " + kData + " --arch mlp:30 --epochs 2 -o ";
  ASSERT_EQ(run_program(folder_, train + "one.onnx").code, 0);
  const std::string port = std::to_string(testing::own_port());
  const std::string command = "cd '" + folder_.path() + "' && MASTER_PORT=" + port +
                              " mpirun --allow-run-as-root --oversubscribe -np 2 "
                              "'" NCPRUNE_PROGRAM "' " +
                              train + "two.onnx >out.txt 2>err.txt";
  ASSERT_EQ(std::system(command.c_str()), 0) << testing::content(folder_, "err.txt");
  EXPECT_LT(apart("one.onnx", "two.onnx"), 1e-5);
}

}  // namespace
}  // namespace ncprune
