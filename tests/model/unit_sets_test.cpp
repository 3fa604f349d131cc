#include "ncprune/model/unit_sets.h"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace ncprune {
namespace {

using Numbers = std::vector<int64_t>;

TEST(UnitSets, StandForWhatGoesTogetherByTheOldest) {
  UnitSets sets;
  const at::Tensor labels = sets.fresh(6);
  sets.join(4, 2);
  sets.join(5, 4);
  EXPECT_EQ(flat(sets.settled(labels)), (Numbers{0, 1, 2, 3, 2, 2}));
  EXPECT_EQ(sets.fresh(1).item<int64_t>(), 6);

  sets.keep({5}, "first");
  sets.keep({2, 0}, "second");
  const std::vector<std::string> reasons = sets.reasons();
  EXPECT_EQ(reasons[0], "second");
  EXPECT_EQ(reasons[1], "");
  EXPECT_EQ(reasons[2], "second");  // the oldest's own
}

TEST(UnitSets, DependOnNoAxisAlongWhichTheyAreJoined) {
  UnitSets sets;
  const at::Tensor labels = sets.fresh(6).view({1, 2, 3});
  EXPECT_EQ(unit_axes(sets.settled(labels)), (Numbers{1, 2}));
  EXPECT_EQ(sets.join_along(labels, 1).sizes(), (Numbers{1, 1, 3}));
  const at::Tensor left = sets.settled(labels);
  EXPECT_EQ(left.sizes(), (Numbers{1, 1, 3}));
  EXPECT_TRUE(varies_only_along(left, 2));
  EXPECT_EQ(flat(left), (Numbers{0, 1, 2}));
}

TEST(UnitSets, AreJoinedAsTheyAreBroadcast) {
  UnitSets sets;
  const at::Tensor heads = sets.fresh(2).view({2, 1});
  const at::Tensor places = sets.fresh(6).view({2, 3});
  EXPECT_EQ(sets.join(heads, places).sizes(), (Numbers{2, 3}));
  EXPECT_EQ(flat(sets.settled(places)), (Numbers{0, 1}));
}

// Labels of a value of shape `before` whose axis 1 has them, read as `after`.
at::Tensor read_as(const Numbers& before, const Numbers& after) {
  UnitSets sets;
  Numbers shape(before.size(), 1);
  shape[1] = before[1];
  const at::Tensor own = reshaped(sets.fresh(before[1]).view(shape), before, after);
  return own.defined() ? sets.settled(own) : own;
}

TEST(Reshaped, FollowsUnitsThroughWhatIsFlattenedSplitAndLeftAlone) {
  const at::Tensor flattened = read_as({1, 2, 3}, {1, 6});
  EXPECT_EQ(flat(flattened), (Numbers{0, 0, 0, 1, 1, 1}));
  const at::Tensor split = read_as({1, 6, 4, 5}, {1, 2, 3, 20});
  EXPECT_EQ(split.sizes(), (Numbers{1, 2, 3, 1}));
  EXPECT_EQ(flat(split), (Numbers{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(read_as({1, 6, 4, 5}, {1, 6, 20, 1}).sizes(), (Numbers{1, 6, 1, 1}));
  EXPECT_EQ(read_as({1, 6, 1, 1}, {1, 6}).sizes(), (Numbers{1, 6}));
  EXPECT_EQ(flat(read_as({2, 3}, {6})), (Numbers{0, 1, 2, 0, 1, 2}));  // behind the batch
}

TEST(Reshaped, FollowsNothingThroughWhatHoldsNothingOrSomethingElse) {
  EXPECT_FALSE(read_as({1, 4, 0}, {1, 0, 7}).defined());
  EXPECT_FALSE(read_as({1, 4, 2}, {1, 0}).defined());
  EXPECT_FALSE(read_as({1, 4, 2}, {1, 9}).defined());
}

}  // namespace
}  // namespace ncprune
