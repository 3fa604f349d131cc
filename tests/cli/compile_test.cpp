// Networks as C, from the outside.
#include <gtest/gtest.h>

#include "ncprune/onnx/onnx.h"
#include "tests/cli/program.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

using testing::content;
using testing::run_program;

class CompileCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    network_ = network_for(gaussian_data({8, 8, 8}, 6), "mlp:12,5");
    write_onnx(folder_.path() + "/net.onnx", network_);
  }

  std::string run(const std::string& arguments) {
    const testing::Outcome outcome = run_program(folder_, arguments);
    EXPECT_EQ(outcome.code, 0) << arguments << ": " << outcome.error;
    return outcome.output;
  }

  // One line that contains `part`, and neither source nor header.
  void expect_refused(const std::string& arguments, const std::string& part) {
    const testing::Outcome outcome = run_program(folder_, arguments);
    EXPECT_EQ(outcome.code, 1) << arguments;
    EXPECT_NE(outcome.error.find(part), std::string::npos) << outcome.error;
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
    for (const char* file : {"out.c", "out.h", "out.so"}) EXPECT_EQ(content(folder_, file), "");
  }

  Folder folder_;
  Network network_;
};

TEST_F(CompileCommand, WritesSourceHeaderAndLibrary) {
  run("compile net.onnx -o out.c --name my-net --weights float16");
  EXPECT_NE(content(folder_, "out.h").find("void my_net_run(const float* input"),
            std::string::npos);
  EXPECT_NE(content(folder_, "out.c").find("my_net_workspace"), std::string::npos);
  run("compile net.onnx -o out.so --data synthetic:3,6,20");
  EXPECT_EQ(content(folder_, "out.so").substr(1, 3), "ELF");
}

TEST_F(CompileCommand, EvaluatesAsTheInterpreterDoes) {
  const std::string arguments = "evaluate net.onnx --data synthetic:3,6,20 --runtime ";
  EXPECT_EQ(run(arguments + "compiled"), run(arguments + "ncprune"));
  run("compare net.onnx net.onnx --data synthetic:3,6,20 --runtime compiled");
  run("latency net.onnx --runtime compiled --runs 3 --threads 1");
}

TEST_F(CompileCommand, RefusesInOneLineAndWritesNothing) {
  expect_refused("compile net.onnx -o out.txt", ".c or .so");
  expect_refused("compile net.onnx -o out.c --batch 0", "batch 0");
  expect_refused("compile net.onnx -o out.c --data synthetic:3,7,20", "7");
  expect_refused("compile absent.onnx -o out.c", "absent.onnx");
  setenv("CC", "no-such-compiler", 1);
  expect_refused("compile net.onnx -o out.c", "no-such-compiler");
  expect_refused("compile net.onnx -o out.so", "no-such-compiler");
  setenv("CC", "false", 1);
  expect_refused("compile net.onnx -o out.so", "'false' failed");
  unsetenv("CC");
  Network strange = network_;
  strange.nodes.front().op_type = "Einsum";
  strange.nodes.front().attributes = {{"equation", std::string("ni,oi->no")}};
  strange.nodes.front().inputs.resize(2);
  write_onnx(folder_.path() + "/strange.onnx", strange);
  expect_refused("compile strange.onnx -o out.c", "Einsum");
}

}  // namespace
}  // namespace ncprune
