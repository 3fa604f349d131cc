#include "ncprune/report/robustness_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/small_network.h"

namespace ncprune {
namespace {

const ClassInfo kClasses{{"common", "rare"}, {30, 5}, {1}};

RobustnessResult measured(const std::vector<std::string>& names) {
  const Dataset data = gaussian_data({30, 20}, 4);
  std::vector<Network> networks;
  for (size_t i = 0; i < names.size(); ++i) networks.push_back(network_for(data, "mlp:4", i));
  RobustnessOptions options;
  options.corruption.severities = {1, 4};
  return {names, measure_robustness(networks, data, options)};
}

void expect_whole(const Table& table) {
  for (const auto& row : table.rows) {
    EXPECT_TRUE(row.empty() || row.size() == table.header.size());
  }
}

TEST(RobustnessReport, HasAColumnForEveryNetwork) {
  const RobustnessResult result = measured({"dense", "pruned"});
  const Table corruptions = corruption_table(result);
  EXPECT_EQ(corruptions.header.size(), 3);
  const std::vector<std::string> mean = corruptions.rows.at(corruptions.rows.size() - 2);
  EXPECT_EQ(mean[1], "100.0");  // of its own errors
  expect_whole(corruptions);
  expect_whole(corrupted_class_table(result, kClasses));
  expect_whole(sensitivity_table(result));
  const Table attacks = attack_table(result, kClasses);
  expect_whole(attacks);
  EXPECT_EQ(attacks.header.size(), 5);
  EXPECT_EQ(attacks.rows.back().front(), "minority recall *");
}

TEST(RobustnessReport, ShowsTheSeveritiesOfOneNetworkAlone) {
  const Table table = corruption_table(measured({"it"}));
  EXPECT_EQ(table.header,
            (std::vector<std::string>{"balanced accuracy at severity", "1", "4", "mean"}));
  expect_whole(table);
}

TEST(RobustnessReport, HoldsTheSameNumbersAsData) {
  const RobustnessResult result = measured({"dense", "pruned"});
  const Json json = robustness_json(result, kClasses);
  const Corruptions& corruptions = result.robustness.corruptions;
  ASSERT_EQ(json["corruptions"].size(), corruptions.corrupted.size());
  EXPECT_EQ(json["corruptions"][1]["severity"], 4);
  EXPECT_EQ(json["corruptions"][1]["networks"][1]["recall"][1],
            corruptions.corrupted[1].networks[1].recall[1]);
  EXPECT_EQ(json["sensitivity"][0]["jacobian"]["classes"].size(), 2);
  EXPECT_EQ(json["attacks"][0]["attack"], "FGSM");
  EXPECT_DOUBLE_EQ(json["all_corruptions"][0]["mean_corruption_error"], 1);
}

}  // namespace
}  // namespace ncprune
