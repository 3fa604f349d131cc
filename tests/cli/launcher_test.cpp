// The launcher answers without loading LibTorch, and with the program's own words.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/cli/program.h"

namespace ncprune {
namespace {

std::string text_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  pclose(pipe);
  return text;
}

const std::string kLauncher = NCPRUNE_PROGRAM;
const std::string kProgram = kLauncher + "-program";

TEST(Launcher, SaysWhatTheProgramSays) {
  for (const std::string arguments : {"--version", "--help", "-h", "prune --help", "study --help",
                                      "report -h", "criteria --help"}) {
    const std::string said = text_of(kLauncher + " " + arguments);
    EXPECT_FALSE(said.empty()) << arguments;
    EXPECT_EQ(said, text_of(kProgram + " " + arguments)) << arguments;
  }
}

TEST(Launcher, AnswersWithoutLibTorch) {
  for (const std::string arguments : {"--version", "--help", "prune --help"}) {
    const std::string loaded = text_of("LD_DEBUG=files " + kLauncher + " " + arguments + " 2>&1");
    EXPECT_NE(loaded.find("libc.so"), std::string::npos) << arguments;
    EXPECT_EQ(loaded.find("libtorch"), std::string::npos) << arguments;
  }
}

TEST(Launcher, LeavesEverythingElseToTheProgram) {
  const Folder folder;
  const testing::Outcome outcome = testing::run_program(folder, "nothing");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.error.find("ncprune: "), std::string::npos) << outcome.error;
}

}  // namespace
}  // namespace ncprune
