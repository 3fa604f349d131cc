// What `ncprune doctor --system` says for a report on a bug.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ncprune/base/json.h"
#include "tests/cli/program.h"

namespace ncprune {
namespace {

using testing::content;
using testing::Outcome;
using testing::run_program;

class DoctorSystem : public ::testing::Test {
 protected:
  // Runs `doctor --system` with `environment`, such as "CC=gcc".
  Outcome run(const std::string& environment, const std::string& arguments = "") {
    const std::string launcher = std::string("env ") + environment + " '" NCPRUNE_PROGRAM "'";
    const std::string command =
        fmt::format("cd '{}' && {} doctor --system {} >stdout.txt 2>stderr.txt", folder_.path(),
                    launcher, arguments);
    const int status = std::system(command.c_str());
    return {WEXITSTATUS(status), content(folder_, "stdout.txt"), content(folder_, "stderr.txt")};
  }

  Json json(const std::string& environment) {
    const Outcome outcome = run(environment, "--json system.json");
    EXPECT_EQ(outcome.code, 0) << outcome.error;
    return Json::parse(content(folder_, "system.json"));
  }

  Folder folder_;
};

TEST_F(DoctorSystem, SaysWhatAReportNeedsIn80Columns) {
  const Outcome outcome = run("OMP_NUM_THREADS=1");
  EXPECT_EQ(outcome.code, 0) << outcome.error;
  for (const char* label :
       {"ncprune", "built by", "LibTorch", "system", "processor", "instructions", "threads",
        "memory", "BLAS", "CUDA device", "ONNX Runtime", "C compiler", "tools", "variables set"}) {
    EXPECT_NE(("\n" + outcome.output).find(std::string("\n") + label), std::string::npos) << label;
  }
  std::istringstream lines(outcome.output);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80) << line;
}

TEST_F(DoctorSystem, JsonHoldsTheSameFacts) {
  const Json facts = json("OMP_NUM_THREADS=1");
  EXPECT_EQ(facts["threads"], 1);
  EXPECT_EQ(facts["standard"], "C++20");
  EXPECT_GE(facts["cores"]["available"], 1);
  EXPECT_GE(facts["cores"]["machine"], facts["cores"]["available"]);
  EXPECT_GT(facts["memory"]["machine"], 1'000'000);
  EXPECT_EQ(facts["memory"]["data"], 4'000'000'000);
  EXPECT_EQ(facts["blas"]["threads"], 1);
  EXPECT_TRUE(facts["cuda"].is_boolean());
  EXPECT_TRUE(facts["tools"]["mpirun"].is_boolean());
}

#if defined(__x86_64__)
TEST_F(DoctorSystem, TheProductsOfMatricesUseTheVectorsOfTheProcessor) {
  if (!__builtin_cpu_supports("avx2")) GTEST_SKIP() << "this processor has no AVX2";
  const Json facts = json("-u OPENBLAS_CORETYPE");
  EXPECT_EQ(facts["blas"]["name"].get<std::string>().find("Prescott"), std::string::npos);
  EXPECT_TRUE(facts["blas"]["problem"].is_null()) << facts["blas"]["problem"];
  const std::string slow = run("OPENBLAS_CORETYPE=Prescott").output;  // the user's choice stays
  EXPECT_NE(slow.find("OPENBLAS_CORETYPE=HASWELL"), std::string::npos) << slow;
}
#endif

TEST_F(DoctorSystem, WhatIsMissingIsNotFound) {
  const std::string nothing = "CC=no-compiler NCPRUNE_ONNXRUNTIME=/nowhere/ort.so PATH=/nowhere";
  const Outcome outcome = run(nothing);
  EXPECT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_NE(outcome.output.find("not found as /nowhere/ort.so"), std::string::npos);
  EXPECT_NE(outcome.output.find("not found (no-compiler)"), std::string::npos);
  EXPECT_NE(outcome.output.find("mpirun not found"), std::string::npos);
  const Json facts = json(nothing);
  EXPECT_TRUE(facts["onnxruntime"]["version"].is_null());
  EXPECT_EQ(facts["onnxruntime"]["places"], Json::array({"/nowhere/ort.so"}));
  EXPECT_TRUE(facts["c_compiler"]["version"].is_null());
  EXPECT_EQ(facts["tools"]["mpirun"], false);
  EXPECT_EQ(run("TMPDIR=/nowhere").code, 0);
}

TEST_F(DoctorSystem, SaysNothingAboutTheUser) {
  const std::string home = folder_.path();
  const Outcome outcome =
      run(fmt::format("HOME='{0}' CC='{0}/bin/cc -O1' NCPRUNE_ONNXRUNTIME='{0}/ort.so'", home));
  EXPECT_EQ(outcome.code, 0) << outcome.error;
  EXPECT_EQ(outcome.output.find(home), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find("~/ort.so"), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find("~/bin/cc"), std::string::npos) << outcome.output;
}

TEST_F(DoctorSystem, RefusesOptionsOfData) {
  for (const char* option : {"--data mnist", "--shrinkage 3", "--max-class-drop 5"}) {
    const Outcome outcome = run("OMP_NUM_THREADS=1", std::string(option) + " --json out.json");
    EXPECT_EQ(outcome.code, 1) << option;
    EXPECT_NE(outcome.error.find("--system describes this machine"), std::string::npos)
        << outcome.error;
    EXPECT_EQ(content(folder_, "out.json"), "");
  }
}

}  // namespace
}  // namespace ncprune
