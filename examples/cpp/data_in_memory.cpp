// Trains and prunes a network on arrays of the program, without a file:
//   data_in_memory
#include <ATen/ops/from_blob.h>
#include <ncprune/core.h>
#include <ncprune/train/train.h>  // not in the stable core

#include <cstdio>
#include <random>
#include <vector>

namespace nc = ncprune;

namespace {

constexpr int64_t kInputs = 8;

// Normal samples around a mean for each class; the last class is rare.
nc::Dataset samples(const std::vector<int64_t>& counts, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> inputs;
  std::vector<int64_t> labels;
  for (size_t c = 0; c < counts.size(); ++c) {
    for (int64_t i = 0; i < counts[c]; ++i) {
      for (int64_t j = 0; j < kInputs; ++j) {
        inputs.push_back(normal(random) + (static_cast<size_t>(j) % counts.size() == c ? 3.F : 0));
      }
      labels.push_back(static_cast<int64_t>(c));
    }
  }
  const auto count = static_cast<int64_t>(labels.size());
  nc::Dataset data;
  data.inputs = at::from_blob(inputs.data(), {count, kInputs}, at::kFloat).clone();
  data.labels = at::from_blob(labels.data(), {count}, at::kLong).clone();
  data.class_names = {"good", "scratch", "crack"};
  nc::validate(data, "the arrays");
  return data;
}

}  // namespace

int main() {
  nc::configure_runtime(1);
  nc::PreparedData data;
  data.train = samples({600, 600, 60}, 1);
  data.validation = samples({100, 100, 100}, 2);
  data.test = samples({500, 500, 500}, 3);

  nc::TrainOptions how;
  how.epochs = 15;
  how.learning_rate = 5e-3;
  const nc::Network dense =
      nc::train(nc::make_network("mlp:64,32", data, /*seed=*/0), data.train, data.validation, how)
          .network;
  nc::Recipe recipe;
  recipe.method = nc::find_method("surgeon");
  recipe.share = 0.8;
  const nc::Pruned pruned = nc::prune(dense, data.train, recipe);

  const nc::ClassMetrics before = nc::evaluate(dense, data.test);
  const nc::ClassMetrics after = nc::evaluate(pruned.network, data.test);
  for (size_t c = 0; c < data.test.class_names.size(); ++c) {
    std::printf("%-10s %5.1f %5.1f\n", data.test.class_names[c].c_str(), 100 * before.recall[c],
                100 * after.recall[c]);
  }
  return after.balanced_accuracy > 0.8 ? 0 : 1;
}
