// Networks run on another device: the same numbers as in main memory. On CUDA where it can be seen,
// else on a device that stands in for it.
#include <ATen/Context.h>
#include <torch/version.h>

#include "ncprune/base/device.h"
#include "ncprune/base/lookup.h"
#include "ncprune/evaluate/attack.h"
#include "ncprune/evaluate/metrics.h"
#include "ncprune/evaluate/sensitivity.h"
#include "ncprune/prune/solver.h"
#include "tests/data/input_error.h"
#include "tests/passes.h"

#if TORCH_VERSION_MAJOR == 1
#include "tests/device/stand_in.h"
#endif

namespace ncprune {
namespace {

using testing::Numbers;

class Device : public ::testing::Test {
 protected:
  void SetUp() override {
    device_ = other_device();
    if (!device_) GTEST_SKIP() << "no CUDA device can be seen";
  }
  void TearDown() override { use_device("cpu"); }

  void expect_same(const std::function<Numbers()>& work, double tolerance = 1e-4) const {
    use_device("cpu");
    const Numbers wanted = work();
    use_device(*device_);
    testing::expect_close(work(), wanted, tolerance);
  }
  at::Device device() const { return *device_; }

 private:
  static std::optional<at::Device> other_device() {
    if (at::hasCUDA()) return at::Device(at::kCUDA, 0);
#if TORCH_VERSION_MAJOR == 1
    return testing::stand_in::kDevice;
#else
    return std::nullopt;
#endif
  }

  std::optional<at::Device> device_;
};

TEST_F(Device, StatisticsAreThoseInMainMemory) {
  expect_same(testing::statistics_found);
}

TEST_F(Device, CollapseIsThatInMainMemory) {
  expect_same(testing::collapse_found);
}

TEST_F(Device, BatchNormalizationIsTreatedAsInMainMemory) {
  expect_same([] { return testing::with_finish("recalibrate"); });
  expect_same([] { return testing::with_finish("match"); }, 1e-3);
}

TEST_F(Device, ThePrunedNetworkIsThatInMainMemory) {
  expect_same(testing::pruned_by_the_surgeon, 1e-3);
}

// Correlated normal inputs and random weights.
LayerProblem problem_of(int64_t outputs, int64_t inputs) {
  Random random(7);
  const auto normal = [&](at::IntArrayRef shape) {
    return at::empty(shape, at::kDouble).normal_(0, 1, random.generator());
  };
  const at::Tensor samples = normal({3 * inputs, inputs}).matmul(normal({inputs, inputs}));
  const at::Tensor metric = damped(samples.t().matmul(samples) / samples.size(0), 1e-3);
  return {metric, normal({outputs, inputs}).matmul(metric)};
}

TEST_F(Device, LeastSquaresAreThoseInMainMemory) {
  expect_same(
      [] {
        const LayerProblem problem = problem_of(40, 24);
        Random random(8);
        Numbers numbers;
        for (const double share : {0.0, 0.2, 0.5, 0.8, 1.0}) {  // of the weights
          at::Tensor mask = at::empty({40, 24}).uniform_(0, 1, random.generator()).lt(share);
          mask[3].fill_(true);
          mask[4].fill_(false);
          testing::append(numbers, least_squares(problem, mask));
        }
        return numbers;
      },
      1e-8);
}

TEST_F(Device, TheLargestAreThoseInMainMemory) {
  Random random(9);
  const at::Tensor many_ties = at::empty({30, 20}).uniform_(0, 6, random.generator()).floor();
  for (const char* name : {"layer", "row", "neuron", "2:4", "block:4x3"}) {
    const Pattern pattern = zeros_last(find_pattern(name), many_ties);
    for (const int64_t keep : {0, 1, 77, 300, 599, 600}) {
      const at::Tensor found = pattern.mask(many_ties.to(device()), keep);
      EXPECT_EQ(found.device(), device());
      EXPECT_TRUE(found.cpu().equal(pattern.mask(many_ties, keep))) << name << " " << keep;
    }
  }
}

// The searches take other steps, and end as well.
TEST_F(Device, SearchesAreAsGoodAsInMainMemory) {
  const LayerProblem problem = problem_of(60, 48);
  const at::Tensor weight = at::matmul(problem.cross, problem.metric.inverse());
  const int64_t keep = weight.numel() / 10;
  for (const char* solver : {"admm", "sparsegpt"}) {
    for (const char* name : {"layer", "row", "2:4"}) {
      const Pattern pattern = find_pattern(name);
      const auto error_on = [&](at::Device where) {
        use_device(where);
        const LayerSolution found =
            find_named(solvers(), solver, "solver")
                .solve({problem, weight, pattern, keep, at::ones({60}, at::kDouble)});
        EXPECT_TRUE(found.weight.is_cpu() && found.mask.is_cpu());
        const at::Tensor left = found.weight - weight;
        return left.matmul(problem.metric).mul(left).sum().item<double>();
      };
      const double wanted = error_on(at::kCPU);
      EXPECT_LT(error_on(device()), 1.02 * wanted) << solver << " " << name;
    }
  }
}

TEST_F(Device, TrainingTakesTheSameSteps) {
  expect_same([] { return testing::trained(testing::convolutional(), testing::by_sgd()); });
  expect_same([] {
    return testing::trained_with_augmentation({"crop", "cutout", "flip", "mixup", "rand-augment"});
  });
  expect_same(testing::trained_by_a_teacher);
  expect_same(testing::sparse_weights_trained);
  expect_same(testing::trained_with_dropout);
}

TEST_F(Device, EveryOptimizerTakesTheStepsOfMainMemory) {
  for (const std::string name : {"adam", "adamw", "sgd"}) {
    expect_same([&] {
      return testing::trained(testing::network_for(testing::pictures(10), "mlp:20,10"),
                              {.optimizer = name, .learning_rate = 0.01, .weight_decay = 0.01});
    });
  }
}

TEST_F(Device, EveryLossIsThatOfMainMemory) {
  for (const std::string name : {"balanced-softmax", "class-balanced", "focal", "ldam-drw"}) {
    expect_same([&] {
      TrainOptions options = testing::by_sgd();
      options.loss = name;
      return testing::trained(testing::network_for(testing::pictures(10), "mlp:20,10"), options);
    });
  }
}

TEST_F(Device, ScoresAttacksAndSensitivityAreThoseInMainMemory) {
  expect_same(
      [] {
        const Network network = testing::convolutional();
        const Dataset data = testing::many_pictures();
        Numbers numbers;
        testing::append(numbers, class_scores(network, data, "ncprune"));
        testing::append(numbers, logits(network, attacked(network, data, {.steps = 3}).inputs));
        for (const Sensitivity& measure : measure_sensitivity(network, data, {})) {
          numbers.push_back(measure.mean);
        }
        return numbers;
      },
      1e-3);
}

// Operators that read whole numbers, make values of their own, or run elsewhere.
TEST_F(Device, EveryArchitectureGivesTheScoresOfMainMemory) {
  Dataset pictures = testing::pictures(3);
  pictures.inputs = pictures.inputs.repeat_interleave(4, 2).repeat_interleave(4, 3);
  for (const std::string spec : {"cnn:4,6", "densenet:10-4", "mobilenet:2", "mobilenet:3-small",
                                 "resnet:20", "vit:8,12,1,2"}) {
    expect_same([&] {
      Numbers numbers;
      testing::append(numbers, logits(testing::network_for(pictures, spec), pictures.inputs));
      return numbers;
    });
  }
}

TEST(DeviceName, IsWhatChoosesItAgain) {
  EXPECT_EQ(device_name(), "cpu");
  use_device(at::Device(at::kCUDA, 0));
  EXPECT_EQ(device_name(), "cuda") << "without its index, for the processes of a study";
  use_device("cpu");
}

TEST(DeviceName, IsCheckedInOneLine) {
  EXPECT_EQ(input_error([] { use_device("gpu"); }), "device 'gpu'; wanted cpu or cuda");
  if (at::hasCUDA()) GTEST_SKIP() << "there is CUDA";
  EXPECT_EQ(input_error([] { use_device("cuda"); }),
            "device cuda: no CUDA device is visible, or LibTorch was built without CUDA");
  EXPECT_TRUE(compute_device().is_cpu());
}

}  // namespace
}  // namespace ncprune
