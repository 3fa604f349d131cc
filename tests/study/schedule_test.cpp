#include "ncprune/study/schedule.h"

#include <gtest/gtest.h>

#include <set>

namespace ncprune {
namespace {

// `counts` groups of each network, a cell each, called NETWORK.GROUP.
std::vector<NetworkCells> networks_of(const std::vector<int>& counts) {
  std::vector<NetworkCells> networks;
  for (size_t n = 0; n < counts.size(); ++n) {
    NetworkCells& network = networks.emplace_back();
    for (int g = 0; g < counts[n]; ++g) {
      StudyCell cell;
      cell.method = std::to_string(n) + "." + std::to_string(g);
      network.groups.push_back({cell});
    }
  }
  return networks;
}

std::string name(const std::optional<CellSchedule::Task>& task) {
  if (!task) return "nothing";
  return task->cells.front().method + (task->first ? " first" : "");
}

TEST(Schedule, GivesOneWorkerEverythingInItsOrder) {
  CellSchedule schedule(networks_of({2, 0, 3}), {false, false, true});
  for (const std::string wanted : {"0.0 first", "0.1", "2.0", "2.1", "2.2"}) {
    EXPECT_FALSE(schedule.done());
    EXPECT_EQ(name(schedule.next(0)), wanted);
    schedule.finished(0);
  }
  EXPECT_TRUE(schedule.done());
  EXPECT_EQ(name(schedule.next(0)), "nothing");
}

TEST(Schedule, SharesANetworkOnlyOnceItIsTrained) {
  CellSchedule schedule(networks_of({3}), {false});
  EXPECT_EQ(name(schedule.next(0)), "0.0 first");
  EXPECT_EQ(name(schedule.next(1)), "nothing");
  schedule.finished(0);
  EXPECT_EQ(name(schedule.next(1)), "0.1");
  EXPECT_EQ(name(schedule.next(0)), "0.2");
}

TEST(Schedule, SpreadsWorkersOverNetworksAndThenHelpsWhereMostIsLeft) {
  CellSchedule schedule(networks_of({2, 4}), {true, true});
  EXPECT_EQ(name(schedule.next(0)), "0.0");
  EXPECT_EQ(name(schedule.next(1)), "1.0");
  schedule.finished(0);
  EXPECT_EQ(name(schedule.next(0)), "0.1");  // stays with the network it has
  schedule.finished(0);
  EXPECT_EQ(name(schedule.next(0)), "1.1");
}

TEST(Schedule, HandsTheTaskOfALostWorkerOutAgain) {
  CellSchedule schedule(networks_of({2, 1}), {false, true});
  EXPECT_EQ(name(schedule.next(0)), "0.0 first");
  EXPECT_EQ(name(schedule.next(1)), "1.0");
  schedule.lost(0);
  schedule.finished(1);
  EXPECT_EQ(name(schedule.next(1)), "0.0 first");  // to be trained anew
  schedule.finished(1);
  EXPECT_EQ(name(schedule.next(1)), "0.1");
  schedule.lost(2);  // had nothing
  schedule.finished(1);
  EXPECT_TRUE(schedule.done());
}

}  // namespace
}  // namespace ncprune
