// A study in several processes, some of them killed: the same rows as of one that nobody disturbs.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "ncprune/study/results.h"
#include "tests/cli/program.h"
#include "tests/own_port.h"
#include "tests/processes/two_hosts.h"

namespace ncprune {
namespace {

using std::chrono::milliseconds;
using testing::run_program;

class StudyProcesses : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("grid.toml",
                  "data = ['synthetic:3,6,200?spread=2', 'synthetic:2,4,100']\n"
                  "imbalance = 'classes:1@0.1'\narchitecture = 'mlp:30,20'\nseeds = [1, 2]\n"
                  "methods = ['magnitude', 'surgeon', 'alps']\n"
                  "treatments = ['method/keep', 'least-squares/refit']\n"
                  "sparsities = [0.5, 0.8, 0.9]\n[train]\nepochs = 12\n");
    ASSERT_EQ(run_program(folder_, study("whole.db")).code, 0);
  }

  static std::string study(const std::string& results) {
    return "study grid.toml --threads 1 --quiet --results " + results;
  }

  // Starts the program with `environment` (NAME=VALUE ...) and does not wait for it.
  pid_t start(const std::string& arguments, const std::string& environment = "") {
    std::string command = "cd '" + folder_.path() + "' && exec env " + environment + " '" +
                          NCPRUNE_PROGRAM + "' " + arguments + " >/dev/null 2>>errors.txt";
    std::string shell = "/bin/sh";
    std::string option = "-c";
    char* words[] = {shell.data(), option.data(), command.data(), nullptr};
    pid_t process = 0;
    EXPECT_EQ(posix_spawn(&process, "/bin/sh", nullptr, nullptr, words, environ), 0);
    return process;
  }

  static int wait_for(pid_t process) {
    int status = 0;
    waitpid(process, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  // The children of a process.
  static std::vector<pid_t> children(pid_t parent) {
    const std::string name = std::to_string(parent);
    std::ifstream file("/proc/" + name + "/task/" + name + "/children");
    std::vector<pid_t> found;
    for (pid_t child = 0; file >> child;) found.push_back(child);
    return found;
  }

  // Every row of `results` that says the same as that of the undisturbed study, times aside.
  void expect_whole(const std::string& results) {
    const auto contents = [&](const std::string& file) {
      std::vector<std::string> all;
      for (StudyRow row : study_rows(folder_.path() + "/" + file)) {
        row.outcome.seconds = 0;
        all.push_back(pack_row(row));
      }
      std::sort(all.begin(), all.end());
      return all;
    };
    const std::vector<std::string> found = contents(results);
    const std::vector<std::string> wanted = contents("whole.db");
    ASSERT_EQ(found.size(), wanted.size()) << testing::content(folder_, "errors.txt");
    for (size_t i = 0; i < found.size(); ++i) {
      if (found[i] == wanted[i]) continue;
      FAIL() << row_json(unpack_row(found[i])) << "\n" << row_json(unpack_row(wanted[i]));
    }
  }

  // Waits until `results` holds a row at least.
  void await_row(const std::string& results) {
    const std::string file = folder_.path() + "/" + results;
    for (int i = 0; i < 1000; ++i) {
      if (std::filesystem::exists(file) && !study_rows_or_none(file).empty()) return;
      std::this_thread::sleep_for(milliseconds(10));
    }
    FAIL() << "no row came: " << testing::content(folder_, "errors.txt");
  }

  static std::vector<StudyRow> study_rows_or_none(const std::string& file) {
    try {
      return study_rows(file);
    } catch (const std::exception&) {
      return {};  // it is being made
    }
  }

  Folder folder_;
};

TEST_F(StudyProcesses, KilledAtTwentyMomentsItEndsWithTheSameRows) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> moment(200, 900);
  constexpr int kKills = 20;
  for (int i = 0; i < kKills; ++i) {
    const pid_t process = start(study("killed.db"));
    std::this_thread::sleep_for(milliseconds(moment(random)));
    kill(process, SIGKILL);
    const int ending = wait_for(process);
    ASSERT_TRUE(ending == 0 || ending == -SIGKILL) << testing::content(folder_, "errors.txt");
  }
  ASSERT_EQ(run_program(folder_, study("killed.db")).code, 0);
  expect_whole("killed.db");
}

TEST_F(StudyProcesses, JobsGiveTheSameRowsThoughOneIsKilled) {
  const pid_t leader = start(study("jobs.db") + " --jobs 3");
  await_row("jobs.db");
  const std::vector<pid_t> workers = children(leader);
  ASSERT_EQ(workers.size(), 3);
  kill(workers[1], SIGKILL);
  EXPECT_EQ(wait_for(leader), 0) << testing::content(folder_, "errors.txt");
  expect_whole("jobs.db");
  for (const pid_t worker : workers) EXPECT_EQ(kill(worker, 0), -1) << "a worker is left";
}

TEST_F(StudyProcesses, WorkersThatWereTakenForDeadGoOnWhenTheyWake) {
  const pid_t leader = start(study("asleep.db") + " --jobs 2");
  await_row("asleep.db");
  const std::vector<pid_t> workers = children(leader);
  for (const pid_t worker : workers) kill(worker, SIGSTOP);
  std::this_thread::sleep_for(std::chrono::seconds(22));
  for (const pid_t worker : workers) kill(worker, SIGCONT);
  EXPECT_EQ(wait_for(leader), 0) << testing::content(folder_, "errors.txt");
  expect_whole("asleep.db");
}

TEST_F(StudyProcesses, WorkersEndWhenTheirLeaderIsKilled) {
  const pid_t leader = start(study("orphans.db") + " --jobs 2");
  await_row("orphans.db");
  const std::vector<pid_t> workers = children(leader);
  kill(leader, SIGKILL);
  wait_for(leader);
  for (const pid_t worker : workers) {
    for (int i = 0; i < 500 && kill(worker, 0) == 0; ++i) {
      std::this_thread::sleep_for(milliseconds(10));
    }
    EXPECT_EQ(kill(worker, 0), -1) << "a worker is left";
  }
  const auto outcome = run_program(folder_, study("orphans.db") + " --jobs 2");
  ASSERT_EQ(outcome.code, 0) << outcome.error;
  expect_whole("orphans.db");
}

TEST_F(StudyProcesses, RanksOfALauncherShareTheCells) {
  for (const int size : {2, 4}) {
    const std::string results = "ranks" + std::to_string(size) + ".db";
    const std::string port = std::to_string(testing::own_port());
    const auto variables = [&](int rank) {
      return "RANK=" + std::to_string(rank) + " WORLD_SIZE=" + std::to_string(size) +
             " MASTER_ADDR=127.0.0.1 MASTER_PORT=" + port;
    };
    const pid_t leader = start(study(results), variables(0));
    std::vector<pid_t> others;
    for (int rank = 1; rank < size; ++rank)
      others.push_back(start(study(results), variables(rank)));
    if (size == 4) {
      await_row(results);
      kill(others[1], SIGKILL);
    }
    EXPECT_EQ(wait_for(leader), 0) << testing::content(folder_, "errors.txt");
    for (size_t i = 0; i < others.size(); ++i) {
      EXPECT_EQ(wait_for(others[i]), size == 4 && i == 1 ? -SIGKILL : 0);
    }
    expect_whole(results);
  }
}

TEST_F(StudyProcesses, OnTwoHostsThoughTheCableIsPulled) {
  const testing::TwoHosts hosts;
  if (!hosts.made()) GTEST_SKIP() << "no network namespaces: not root, or iproute2 is missing";
  const std::string port = std::to_string(testing::own_port());
  const auto variables = [&](int rank) {
    return "RANK=" + std::to_string(rank) + " WORLD_SIZE=2 MASTER_PORT=" + port + " " +
           testing::TwoHosts::on(rank);
  };
  const pid_t leader = start(study("hosts.db"), variables(0));
  const pid_t other = start(study("unused.db"), variables(1));
  await_row("hosts.db");
  ASSERT_TRUE(testing::TwoHosts::pull_the_cable());
  EXPECT_EQ(wait_for(leader), 0) << testing::content(folder_, "errors.txt");
  kill(other, SIGKILL);
  wait_for(other);
  expect_whole("hosts.db");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/unused.db")) << "rank 0 alone writes";
}

TEST_F(StudyProcesses, ARefusalInAJobIsTheStudys) {
  folder_.write("bad.toml", "data = 'csv:missing.csv?label=x'\nimbalance = 'none'\n");
  const auto outcome = run_program(folder_, "study bad.toml --jobs 2 --results bad.db --quiet");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.error.find("missing.csv"), std::string::npos) << outcome.error;
}

TEST_F(StudyProcesses, StatusAndReportReadTheDatabase) {
  const auto status = run_program(folder_, "study status whole.db");
  EXPECT_EQ(status.code, 0);
  EXPECT_NE(status.output.find("grid.toml, done"), std::string::npos) << status.output;
  EXPECT_NE(status.output.find("80 of 80 cells"), std::string::npos) << status.output;
  const auto report = run_program(folder_, "report whole.db -o study.html,study.md");
  EXPECT_EQ(report.code, 0) << report.error;
  const std::string page = testing::content(folder_, "study.md");
  EXPECT_NE(page.find("best on validation data"), std::string::npos);
  EXPECT_NE(testing::content(folder_, "study.html").find("How sure the differences are"),
            std::string::npos);
  EXPECT_EQ(run_program(folder_, "report whole.db --rank magic -o study.md").code, 1);
  EXPECT_EQ(run_program(folder_, "study status missing.db").code, 1);
  EXPECT_EQ(run_program(folder_, "study join").code, 1);
}

}  // namespace
}  // namespace ncprune
