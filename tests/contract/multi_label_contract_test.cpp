// Every method prunes a network of samples with several labels.
#include <ATen/ops/isfinite.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ncprune/criteria/criterion.h"
#include "ncprune/evaluate/metrics.h"
#include "ncprune/prune/prune.h"
#include "ncprune/train/train.h"
#include "tests/data/input_error.h"
#include "tests/multi_label_data.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

const Dataset& training() {
  static const Dataset data = with_row_per_label(labelled_samples(400, 1));
  return data;
}

Network trained(const std::string& spec) {
  const Network network = build_network(spec, {8}, training().num_scores(), Random(3));
  return train(network, training(), {}, {.learning_rate = 3e-3, .epochs = 20, .batch = 32}).network;
}

class EveryMethodOnLabels : public testing::TestWithParam<std::string> {};

TEST_P(EveryMethodOnLabels, PrunesAndLeavesEveryLabelBetterThanChance) {
  const Method& method = find_method(GetParam());
  const bool norm = find_criterion(method.criterion).needs.contains(Statistic::kBatchNormScale);
  static const Network plain = trained("mlp:24,16");
  static const Network normed = trained("mlp:24,16?batchnorm=true");
  const Dataset test = with_row_per_label(labelled_samples(400, 2));
  const Network& dense = norm ? normed : plain;
  for (const double auroc : evaluate(dense, test).auroc) EXPECT_GT(auroc, 0.9);
  const Pruned pruned = prune(dense, training(), {.method = method, .share = 0.5, .seed = 5});
  for (const auto& [name, tensor] : pruned.network.initializers) {
    EXPECT_TRUE(at::isfinite(tensor).all().item<bool>()) << name;
  }
  const bool whole = std::all_of(pruned.layers.begin(), pruned.layers.end(),
                                 [](const PrunedLayer& layer) { return layer.kept > 0; });
  if (!whole) return;  // some criteria remove a whole layer of so small a network
  EXPECT_GT(mean_present(evaluate(pruned.network, test).auroc), 0.6);
}

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const Method& method : methods()) names.push_back(method.name);
  return names;
}

std::string readable(const testing::TestParamInfo<std::string>& method) {
  std::string name = method.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryMethodOnLabels, testing::ValuesIn(method_names()), readable);

TEST(MultiLabel, TheSurgeonLosesNoLabel) {
  const Network dense = trained("mlp:24,16?batchnorm=true");
  const Dataset test = with_row_per_label(labelled_samples(2000, 4));
  const ClassMetrics before = evaluate(dense, test);
  for (const char* treatment : {"keep", "match"}) {
    Recipe recipe{.method = find_method("surgeon"), .share = 0.7};
    recipe.finish = treatment;
    const ClassMetrics after = evaluate(prune(dense, training(), recipe).network, test);
    for (size_t c = 0; c < before.auroc.size(); ++c) {
      EXPECT_GT(after.auroc[c], before.auroc[c] - 0.03) << treatment << ", label " << c;
    }
  }
}

TEST(MultiLabel, ALossOfOneClassIsRefused) {
  const Network network = build_network("mlp:4", {8}, training().num_scores(), Random(3));
  const std::string line = input_error(
      [&] { train(network, training(), {}, {.loss = "balanced-softmax", .epochs = 1}); });
  EXPECT_NE(line.find("loss 'balanced-softmax' is not for samples with several labels"),
            std::string::npos)
      << line;
}

}  // namespace
}  // namespace ncprune
