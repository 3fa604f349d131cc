#include "ncprune/train/schedule.h"

#include <gtest/gtest.h>

#include "ncprune/base/lookup.h"

namespace ncprune {
namespace {

double factor(const std::string& name, double progress) {
  return find_named(schedules(), name, "schedule").factor(progress);
}

TEST(Schedule, ConstantStays) {
  EXPECT_EQ(factor("constant", 0), 1);
  EXPECT_EQ(factor("constant", 0.99), 1);
}

TEST(Schedule, CosineFallsFromOneThroughAHalf) {
  EXPECT_EQ(factor("cosine", 0), 1);
  EXPECT_NEAR(factor("cosine", 1.0 / 3), 0.75, 1e-12);
  EXPECT_NEAR(factor("cosine", 0.5), 0.5, 1e-12);
}

TEST(Schedule, StepsAtSixtyAndEightyPercent) {
  EXPECT_EQ(factor("step", 0.5999), 1);
  EXPECT_EQ(factor("step", 0.6), 0.1);
  EXPECT_EQ(factor("step", 0.7999), 0.1);
  EXPECT_EQ(factor("step", 0.8), 0.01);
}

TEST(Schedule, OneCycleWarmsUpThenFalls) {
  EXPECT_NEAR(factor("one-cycle", 0), 1.0 / 25, 1e-12);
  EXPECT_NEAR(factor("one-cycle", 0.15), (1 + 1.0 / 25) / 2, 1e-12);
  EXPECT_NEAR(factor("one-cycle", 0.3), 1, 1e-12);
  EXPECT_NEAR(factor("one-cycle", 0.65), (1 + 1e-4) / 2, 1e-12);
  EXPECT_NEAR(factor("one-cycle", 1), 1e-4, 1e-12);
}

TEST(Schedule, EveryFactorIsInRange) {
  for (const Schedule& schedule : schedules()) {
    for (double progress = 0; progress < 1; progress += 0.001) {
      EXPECT_GT(schedule.factor(progress), 0) << schedule.name;
      EXPECT_LE(schedule.factor(progress), 1) << schedule.name;
    }
  }
}

}  // namespace
}  // namespace ncprune
