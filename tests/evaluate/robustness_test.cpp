#include "ncprune/evaluate/robustness.h"

#include <gtest/gtest.h>

#include "tests/small_network.h"

namespace ncprune {
namespace {

TEST(Robustness, MeasuresWhatItIsAskedFor) {
  const Dataset data = gaussian_data({20, 10}, 4);
  const std::vector<Network> networks{network_for(data, "mlp:4", 1), network_for(data, "mlp:4", 2)};
  const Robustness all = measure_robustness(networks, data);
  EXPECT_EQ(all.corruptions.clean.size(), 2);
  EXPECT_EQ(all.sensitivities.size(), 2);
  ASSERT_EQ(all.attacks.size(), 2);
  EXPECT_EQ(all.attacks[0].name, "FGSM");
  EXPECT_EQ(all.attacks[1].name, "PGD-10");
  EXPECT_EQ(all.attacks[1].networks.size(), 2);

  RobustnessOptions options{.corruptions = false, .sensitivity = false};
  options.attack.steps = 0;
  const Robustness one = measure_robustness(networks, data, options);
  EXPECT_TRUE(one.corruptions.corrupted.empty());
  EXPECT_TRUE(one.sensitivities.empty());
  EXPECT_EQ(one.attacks.size(), 1);
}

}  // namespace
}  // namespace ncprune
