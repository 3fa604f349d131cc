// Several processes share the passes over the data: the same numbers as of one.
#include <signal.h>
#include <torch/version.h>

#include <filesystem>

#include "ncprune/base/device.h"
#include "ncprune/onnx/onnx.h"
#include "tests/cli/program.h"
#if TORCH_VERSION_MAJOR == 1
#include "tests/device/stand_in.h"
#endif
#include "tests/in_world.h"
#include "tests/own_port.h"
#include "tests/passes.h"
#include "tests/processes/two_hosts.h"

namespace ncprune {
namespace {

using testing::expect_shared;
using testing::Numbers;
using testing::run_program;

TEST(DataParallel, StatisticsAreThoseOfOneProcess) {
  expect_shared(testing::statistics_found);
}

TEST(DataParallel, CollapseRecalibrationAndScoresAreThoseOfOneProcess) {
  expect_shared(testing::collapse_found);
  expect_shared([] { return testing::with_finish("recalibrate"); });
}

TEST(DataParallel, BatchNormalizationIsMatchedAsInOneProcess) {
  expect_shared([] { return testing::with_finish("match"); });
}

TEST(DataParallel, ThePrunedNetworkIsThatOfOneProcess) {
  expect_shared(testing::pruned_by_the_surgeon);
}

TEST(DataParallel, TrainingTakesTheStepsOfOneProcess) {
  expect_shared([] { return testing::trained(testing::convolutional(), testing::by_sgd()); });
  expect_shared([] { return testing::trained_with_augmentation({"crop", "flip", "mixup"}); });
  expect_shared(testing::trained_by_a_teacher);
}

TEST(DataParallel, FineTuningOfSparseWeightsTakesTheStepsOfOneProcess) {
  expect_shared(testing::sparse_weights_trained);
}

TEST(DataParallel, DropoutDropsWhatItWouldInOneProcess) {
  expect_shared(testing::trained_with_dropout);
}

TEST(DataParallel, BatchNormalizationOfASharedBatchNormalizesAllOfIt) {
  // Two samples of one value each: neither process could normalise its own.
  expect_shared([] {
    Dataset data = testing::pictures(2);
    data.labels = at::tensor({0, 1}, at::kLong);
    data.class_names = {"a", "b"};
    const Network own = testing::network_for(data, "mlp:5?batchnorm=true");
    Numbers numbers;
    testing::append(numbers,
                    train(own, data, {}, {.optimizer = "sgd", .epochs = 1, .batch = 2}).network);
    return numbers;
  });
}

#if TORCH_VERSION_MAJOR == 1
TEST(DataParallel, RunsOnADeviceOfEachProcess) {
  const auto on_device = [](Numbers (*work)()) {
    expect_shared([work] {
      use_device(testing::stand_in::kDevice);
      return work();
    });
  };
  on_device(testing::statistics_found);
  on_device(testing::collapse_found);
  on_device([] { return testing::with_finish("match"); });
  on_device(testing::trained_by_a_teacher);
}
#endif

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
  EXPECT_NE(said.find("another process of this job has ended"), std::string::npos) << said;
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
