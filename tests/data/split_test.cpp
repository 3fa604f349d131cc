#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "ncprune/data/split.h"

namespace ncprune {
namespace {

Dataset labelled(const std::vector<int64_t>& labels, int64_t num_classes) {
  return {.inputs = at::arange(static_cast<int64_t>(labels.size()), at::kFloat).unsqueeze(1),
          .labels = at::tensor(labels, at::kLong),
          .class_names = std::vector<std::string>(static_cast<size_t>(num_classes), "c"),
          .range = {}};
}

TEST(StratifiedSplit, TakesItsFractionOfEveryClass) {
  std::vector<int64_t> labels(100, 0);
  for (size_t i = 0; i < 100; i += 10) labels[i] = 2;
  const auto [first, second] = stratified_split(labelled(labels, 3), 0.2, Random(1));
  EXPECT_EQ(class_counts(first), (std::vector<int64_t>{72, 0, 8}));
  EXPECT_EQ(class_counts(second), (std::vector<int64_t>{18, 0, 2}));
  const at::Tensor all = std::get<0>(at::cat({first.inputs, second.inputs}).flatten().sort());
  EXPECT_TRUE(all.equal(at::arange(100, at::kFloat)));
}

TEST(StratifiedSplit, LeavesASampleOfEveryClassInTheFirstPart) {
  const auto [first, second] = stratified_split(labelled({0, 1, 1}, 2), 0.9, Random(1));
  EXPECT_EQ(class_counts(first), (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(class_counts(second), (std::vector<int64_t>{0, 1}));
}

TEST(StratifiedSplit, DependsOnTheSeedAloneAndKeepsTheOrder) {
  const Dataset data = labelled(std::vector<int64_t>(50, 0), 1);
  const at::Tensor held_out = stratified_split(data, 0.5, Random(3)).second.inputs.flatten();
  EXPECT_TRUE(held_out.equal(stratified_split(data, 0.5, Random(3)).second.inputs.flatten()));
  EXPECT_FALSE(held_out.equal(stratified_split(data, 0.5, Random(4)).second.inputs.flatten()));
  EXPECT_TRUE((held_out.slice(0, 1) - held_out.slice(0, 0, -1)).gt(0).all().item<bool>());
}

TEST(StratifiedSplit, OfNothingLeavesTheSecondPartEmpty) {
  const auto [first, second] = stratified_split(labelled({0, 1, 1}, 2), 0, Random(1));
  EXPECT_EQ(first.size(), 3);
  EXPECT_EQ(second.size(), 0);
}

}  // namespace
}  // namespace ncprune
