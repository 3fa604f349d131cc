// Multi-label data as a row for each label of each sample.
#include "ncprune/data/label_rows.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "ncprune/base/runtime.h"

namespace ncprune {
namespace {

at::Tensor integers(const std::vector<int64_t>& values) {
  return at::tensor(values, at::kLong);
}

// Four samples: labels {0, 2}, none, {1, 2}, {0, 1, 2}.
Dataset samples() {
  Dataset data;
  data.inputs = at::arange(8, at::kFloat).view({4, 2});
  const at::Tensor sets =
      at::tensor({1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1}, at::kLong).view({4, 3}).to(at::kBool);
  return with_label_sets(data, sets, {"a", "b", "c"}, true);
}

TEST(LabelRows, ASampleStandsForItsRarestLabelUntilItIsSplit) {
  const Dataset data = samples();
  EXPECT_TRUE(data.labels.equal(integers({0, 3, 1, 0}))) << data.labels;
  EXPECT_EQ(data.class_names, (std::vector<std::string>{"a", "b", "c", "no label"}));
  EXPECT_EQ(data.num_scores(), 3);
  validate(data, "test");
}

TEST(LabelRows, EachLabelOfASampleGetsARow) {
  const Dataset rows = with_row_per_label(samples());
  EXPECT_TRUE(rows.labels.equal(integers({0, 2, 3, 1, 2, 0, 1, 2})));
  EXPECT_TRUE(
      rows.inputs_at(0, 8).select(1, 0).equal(at::tensor({0, 0, 2, 4, 4, 6, 6, 6}, at::kFloat)));
  EXPECT_TRUE(rows.label_sets.sum(1).equal(integers({2, 2, 0, 2, 2, 3, 3, 3})));
  EXPECT_EQ(class_counts(rows), (std::vector<int64_t>{2, 2, 3, 1}));
  EXPECT_NEAR(row_shares(rows.targets()).sum().item<double>(), 4, 1e-12);
  const Dataset some = select(rows, integers({4, 2}));
  EXPECT_TRUE(some.inputs_at(0, 2).equal(at::tensor({4, 5, 2, 3}, at::kFloat).view({2, 2})));
  EXPECT_TRUE(some.label_sets.equal(rows.label_sets.index_select(0, integers({4, 2}))));
}

TEST(LabelRows, AnAnswerDependsOnTheScoreThatIsAskedFor) {
  const Dataset rows = with_row_per_label(samples());
  // Scores of the four samples.
  const at::Tensor of_samples = at::tensor({2.0, 3.0, -1.0,    // b although it has none
                                            -1.0, -2.0, 0.5,   // c although it has no label
                                            -0.5, -1.0, -2.0,  // nothing
                                            1.0, 2.0, -3.0},
                                           at::kFloat)
                                    .view({4, 3});
  const at::Tensor scores = of_samples.index_select(0, integers({0, 0, 1, 2, 2, 3, 3, 3}));
  const at::Tensor answers = answer_scores(scores, rows.targets());
  EXPECT_TRUE(answers.argmax(1).equal(integers({0, 1, 2, 3, 3, 0, 1, 3}))) << answers;
  // The probability of an answer is the sigmoid of its own score.
  const at::Tensor own = answers.softmax(1).gather(1, rows.labels.unsqueeze(1)).squeeze(1);
  const at::Tensor z = at::tensor({2.0, -1.0, -0.5, -1.0, -2.0, 1.0, 2.0, -3.0}, at::kDouble);
  EXPECT_TRUE(own.allclose(z.sigmoid())) << own;
}

TEST(LabelRows, AScoreOfZeroRecognisesNothing) {
  const Dataset rows = with_row_per_label(samples());
  const at::Tensor dead = at::zeros({rows.size(), 3});
  EXPECT_TRUE(answer_scores(dead, rows.targets()).argmax(1).eq(3).all().item<bool>());
}

TEST(LabelRows, ASampleWithAllLabelsCanBeWrongWhereEverySampleHasLabels) {
  const Targets targets{integers({0, 1}), at::ones({2, 2}, at::kBool), false};
  const at::Tensor scores = at::tensor({-1.0, -5.0, -1.0, 2.0}, at::kFloat).view({2, 2});
  EXPECT_TRUE(answer_scores(scores, targets).argmax(1).equal(integers({1, 1})));
}

TEST(LabelRows, OtherDataStayAsTheyAre) {
  Dataset data;
  data.inputs = at::zeros({2, 3});
  data.labels = integers({0, 1});
  data.class_names = {"a", "b"};
  EXPECT_TRUE(with_row_per_label(data).inputs.is_same(data.inputs));
  const at::Tensor scores = at::arange(4, at::kFloat).view({2, 2});
  EXPECT_TRUE(answer_scores(scores, data.targets()).is_same(scores));
}

}  // namespace
}  // namespace ncprune
