#include "ncprune/distributed/launch.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "tests/data/input_error.h"

namespace ncprune {
namespace {

class LaunchFrom : public ::testing::Test {
 protected:
  void TearDown() override { set({}); }

  // The variables of the launchers, those not named unset.
  void set(const std::map<std::string, std::string>& variables) {
    for (const char* name :
         {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RUN_ID",
          "TORCHELASTIC_USE_AGENT_STORE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
          "SLURM_PROCID", "SLURM_NTASKS", "SLURM_JOB_NODELIST", "SLURM_JOB_ID"}) {
      unsetenv(name);
    }
    for (const auto& [name, value] : variables) setenv(name.c_str(), value.c_str(), 1);
  }
};

TEST_F(LaunchFrom, ReadsWhatEveryLauncherSays) {
  set({});
  EXPECT_FALSE(launch_from_environment().has_value());
  set({{"RANK", "0"}, {"WORLD_SIZE", "1"}});
  EXPECT_FALSE(launch_from_environment().has_value());
  set({{"RANK", "3"}, {"WORLD_SIZE", "4"}, {"MASTER_ADDR", "here"}, {"MASTER_PORT", "77"}});
  Launch launch = launch_from_environment().value();
  EXPECT_EQ(launch.rank, 3);
  EXPECT_EQ(launch.size, 4);
  EXPECT_EQ(launch.host, "here");
  EXPECT_EQ(launch.port, 77);
  EXPECT_FALSE(launch.served);
  set({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"TORCHELASTIC_USE_AGENT_STORE", "True"}});
  EXPECT_TRUE(launch_from_environment().value().served);
  set({{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"}});
  launch = launch_from_environment().value();
  EXPECT_EQ(launch.rank, 1);
  EXPECT_EQ(launch.host, "127.0.0.1");
  set({{"SLURM_PROCID", "1"},
       {"SLURM_NTASKS", "2"},
       {"SLURM_JOB_NODELIST", "gpu[07-09],cpu1"},
       {"SLURM_JOB_ID", "12"}});
  launch = launch_from_environment().value();
  EXPECT_EQ(launch.host, "gpu07");
  EXPECT_EQ(launch.job, "12");
}

TEST_F(LaunchFrom, NamesTheVariableThatMakesNoSense) {
  set({{"RANK", "4"}, {"WORLD_SIZE", "4"}});
  EXPECT_NE(input_error([] { launch_from_environment(); }).find("$RANK"), std::string::npos);
  set({{"RANK", "0"}, {"WORLD_SIZE", "many"}});
  EXPECT_NE(input_error([] { launch_from_environment(); }).find("$WORLD_SIZE"), std::string::npos);
  set({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_PORT", "99999"}});
  EXPECT_NE(input_error([] { launch_from_environment(); }).find("$MASTER_PORT"), std::string::npos);
}

TEST(FirstHost, UnderstandsSlurmsLists) {
  EXPECT_EQ(first_host("node"), "node");
  EXPECT_EQ(first_host("a,b"), "a");
  EXPECT_EQ(first_host("n[3,5]"), "n3");
  EXPECT_EQ(first_host("n[010-020,31]"), "n010");
}

}  // namespace
}  // namespace ncprune
