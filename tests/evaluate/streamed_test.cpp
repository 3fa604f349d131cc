// What is measured on inputs that are read when they are needed is what is measured in memory.
#include <gtest/gtest.h>

#include "ncprune/evaluate/attack.h"
#include "ncprune/evaluate/corrupted.h"
#include "ncprune/evaluate/metrics.h"
#include "ncprune/train/train.h"
#include "tests/small_network.h"
#include "tests/streamed.h"

namespace ncprune {
namespace {

// Grey pictures of 12 x 12 pixels, more of them than one batch.
Dataset pictures() {
  Dataset data = gaussian_data({900, 700, 500}, 144);
  data.inputs = data.inputs.mul(0.1).add(0.5).clamp(0, 1).view({-1, 1, 12, 12});
  data.range = {0, 1};
  return data;
}

TEST(Streamed, ScoresAreThoseOfInputsInMemory) {
  const Dataset data = pictures();
  const Network network = network_for(data, "cnn:4,8");
  ASSERT_LT(batch_size(network), data.size());
  EXPECT_TRUE(class_scores(network, streamed(data)).equal(class_scores(network, data)));
}

TEST(Streamed, AttacksAreThoseOnInputsInMemory) {
  const Dataset data = pictures();
  const Network network = network_for(data, "cnn:4,8");
  for (const int64_t steps : {0, 2}) {
    const AttackOptions options{.epsilon = 0.05, .steps = steps, .seed = 3};
    EXPECT_EQ(evaluate_attacked(network, streamed(data), options).confusion,
              evaluate(network, attacked(network, data, options)).confusion);
  }
}

TEST(Streamed, CorruptionsAreThoseOfInputsInMemory) {
  const Dataset data = pictures();
  const std::vector<Network> networks{network_for(data, "cnn:4,8")};
  const CorruptionOptions options{.corruptions = {"gaussian-noise", "contrast"}, .severities = {3}};
  const Corruptions held = measure_corruptions(networks, data, options);
  const Corruptions read = measure_corruptions(networks, streamed(data), options);
  for (size_t i = 0; i < held.corrupted.size(); ++i) {
    EXPECT_EQ(read.corrupted[i].networks[0].confusion, held.corrupted[i].networks[0].confusion);
  }
}

TEST(Streamed, TrainingIsThatOnInputsInMemory) {
  const Dataset data = pictures();
  const Network network = network_for(data, "mlp:8");
  const TrainOptions options{.epochs = 2, .batch = 100};
  const Network held = train(network, data, data, options).network;
  const Network read = train(network, streamed(data), data, options).network;
  for (const auto& [name, tensor] : held.initializers) {
    EXPECT_TRUE(read.initializers.at(name).equal(tensor)) << name;
  }
}

}  // namespace
}  // namespace ncprune
