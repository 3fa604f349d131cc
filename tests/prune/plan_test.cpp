#include "ncprune/prune/plan.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/data/input_error.h"
#include "tests/grouped_network.h"

namespace ncprune {
namespace {

class PlanTest : public testing::Test {
 protected:
  Recipe recipe(const std::string& method, double share = 0.7) const {
    return {.method = find_method(method), .share = share};
  }

  // The plan as a program reads it that has only the file.
  static Plan through_text(const Plan& plan) {
    return parse_plan(json_text(plan_json(plan)), "plan.json");
  }

  static void expect_same(const Network& a, const Network& b) {
    ASSERT_EQ(a.initializers.size(), b.initializers.size());
    for (const auto& [name, tensor] : a.initializers) {
      EXPECT_TRUE(at::equal(tensor, b.initializers.at(name))) << name;
    }
  }

  Dataset data_ = gaussian_data({40, 20, 5}, 7);
  Network dense_ = network_for(data_, "mlp:9,6");
};

TEST_F(PlanTest, AppliedToItsNetworkGivesWhatPruningGave) {
  for (const bool matmul : {false, true}) {
    if (matmul) dense_ = as_matmul(dense_);
    for (const std::string method : {"surgeon", "magnitude"}) {
      for (const std::string finish : {"match", "refine"}) {
        SCOPED_TRACE(method + ", " + finish + (matmul ? " on MatMul" : " on Gemm"));
        Recipe how = recipe(method);
        how.head = "realign";
        how.finish = finish;
        const Pruned pruned = prune(dense_, data_, how);
        const Plan plan = through_text(plan_of(dense_, pruned));
        EXPECT_TRUE(changed_tensors(plan, dense_).empty());
        const Pruned again = apply_plan(dense_, plan, data_);
        expect_same(again.network, pruned.network);
        EXPECT_EQ(again.removed, pruned.removed);
      }
    }
  }
}

TEST_F(PlanTest, HoldsOneMaskForAllGroupsOfAConvolution) {
  data_.inputs = normal({65, 4, 3, 3}, 6).to(at::kFloat);
  dense_ = in_two_groups(true, true);
  const Recipe how = recipe("surgeon");
  const Pruned pruned = prune(dense_, data_, how);
  const Plan plan = through_text(plan_of(dense_, pruned));
  ASSERT_EQ(plan.tensors.size(), 3);
  EXPECT_EQ(plan.tensors[1].mask.sizes(), dense_.initializers.at("both.w").sizes());
  expect_same(apply_plan(dense_, plan, data_).network, pruned.network);
}

TEST_F(PlanTest, OfUnitsAppliedGivesTheSmallerNetwork) {
  Recipe how = recipe("surgeon", 0.5);
  how.remove = "units";
  const Pruned pruned = prune(dense_, data_, how);
  const Plan plan = through_text(plan_of(dense_, pruned));
  EXPECT_TRUE(removes_units(plan.recipe));
  expect_same(apply_plan(dense_, plan, data_).network, pruned.network);
}

TEST_F(PlanTest, KeepsItsZerosOnANetworkTrainedSinceAndNamesWhatChanged) {
  const Recipe how = recipe("magnitude");
  const Pruned pruned = prune(dense_, data_, how);
  const Plan plan = through_text(plan_of(dense_, pruned));
  Network trained = clone(dense_);
  trained.initializers.at("fc2.weight").add_(1);
  EXPECT_EQ(changed_tensors(plan, trained), std::vector<std::string>{"fc2.weight"});
  const Network again = apply_plan(trained, plan, data_).network;
  const at::Tensor mask = pruned.kept[1];
  const at::Tensor& weight = again.initializers.at("fc2.weight");
  EXPECT_TRUE(at::equal(weight, trained.initializers.at("fc2.weight") * mask));
}

TEST_F(PlanTest, RefusesANetworkItWasNotMadeFor) {
  const Recipe how = recipe("magnitude");
  const Plan plan = plan_of(dense_, prune(dense_, data_, how));
  EXPECT_EQ(input_error([&] { changed_tensors(plan, network_for(data_, "mlp:9")); }),
            "the network has no tensor 'fc2.weight', which the plan prunes");
  EXPECT_EQ(input_error([&] { changed_tensors(plan, network_for(data_, "mlp:8,6")); }),
            "tensor 'fc1.weight' is 8 x 7; the plan was made for 9 x 7");
}

// The form of version 1, in which the recipe's entries stood beside the tensors.
Json in_version_1(Json plan) {
  Json old = plan["recipe"];
  old.erase("ncprune_recipe");
  old["sparsity"] = old["share"];
  old.erase("share");
  const bool weights = old["remove"] == "weights";
  old["batch_norm"] = old["finish"];
  old.erase("finish");
  old["method"].erase("sweeps");
  old["budget"] = weights ? Json("units") : old["remove"];
  old["remove"] = weights ? "weights" : "units";
  old["ncprune_plan"] = 1;
  old["tensors"] = plan["tensors"];
  return old;
}

TEST_F(PlanTest, OfVersion1IsStillRead) {
  for (const std::string remove : {"weights", "units", "macs"}) {
    Recipe how = recipe("surgeon", 0.5);
    how.remove = remove;
    how.method.sweeps = 1;
    const Plan plan = plan_of(dense_, prune(dense_, data_, how));
    const Json old = in_version_1(plan_json(plan));
    EXPECT_EQ(plan_json(parse_plan(old.dump(), "plan.json")), plan_json(plan)) << remove;
  }
}

TEST_F(PlanTest, RefusesWhatIsNotAPlan) {
  const Recipe how = recipe("magnitude");
  const Json good = plan_json(plan_of(dense_, prune(dense_, data_, how)));
  const auto refusal = [&](const std::function<void(Json&)>& change) {
    Json bad = good;
    change(bad);
    return input_error([&] { parse_plan(bad.dump(), "plan.json"); });
  };
  EXPECT_NO_THROW(parse_plan(good.dump(), "plan.json"));
  const auto contains = [](const std::string& text, const std::string& part) {
    return text.starts_with("plan.json: ") && text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(contains(input_error([] { parse_plan("{", "plan.json"); }), "is not a plan"));
  EXPECT_TRUE(
      contains(refusal([](Json& j) { j["ncprune_plan"] = 3; }), "version 3; wanted 1 to 2"));
  EXPECT_TRUE(
      contains(refusal([](Json& j) { j["recipe"]["remove"] = "all"; }), "'remove' is 'all'"));
  EXPECT_TRUE(contains(refusal([](Json& j) { j["recipe"].erase("method"); }), "is not a plan"));
  EXPECT_TRUE(contains(refusal([](Json& j) { j["tensors"][0]["mask"] = "ff"; }),
                       "'mask' has 2 characters"));
  EXPECT_TRUE(contains(refusal([](Json& j) {
                         std::string mask = j["tensors"][0]["mask"];
                         mask[0] = 'x';
                         j["tensors"][0]["mask"] = mask;
                       }),
                       "not hexadecimal at character 1"));
  for (const std::vector<int64_t>& shape :
       std::vector<std::vector<int64_t>>{{-1, 7}, {0}, {int64_t{1} << 40, int64_t{1} << 40}}) {
    EXPECT_TRUE(
        contains(refusal([&](Json& j) { j["tensors"][0]["shape"] = shape; }), "is impossible"));
  }
  Json units = good;
  units["recipe"]["remove"] = "units";
  for (Json& tensor : units["tensors"]) tensor["units"] = {1, 1};
  EXPECT_TRUE(contains(input_error([&] { parse_plan(units.dump(), "plan.json"); }),
                       "'units' do not ascend"));
}

}  // namespace
}  // namespace ncprune
