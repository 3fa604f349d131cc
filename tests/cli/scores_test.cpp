// `evaluate --scores`: the scores of every test sample, as NumPy reads them.
#include <gtest/gtest.h>

#include "ncprune/data/npy.h"
#include "tests/cli/program.h"

namespace ncprune {
namespace {

using testing::content;
using testing::Outcome;
using testing::run_program;

TEST(Scores, AreAnArrayOfNetworksSamplesAndClasses) {
  const Folder folder;
  const std::string data = "--data synthetic:3,8,60?spread=3 --threads 1 --quiet ";
  ASSERT_EQ(run_program(folder, "train " + data + "--arch mlp:16,8 --epochs 2 -o a.onnx").code, 0);
  const Outcome done = run_program(folder, "evaluate a.onnx a.onnx " + data + "--scores s.npy");
  ASSERT_EQ(done.code, 0) << done.error;
  const NpyArray scores = parse_npy(content(folder, "s.npy"), "s.npy");
  ASSERT_EQ(scores.shape.size(), 3U);
  EXPECT_EQ(scores.shape.front(), 2);
  EXPECT_EQ(scores.shape.back(), 3);
  const size_t half = scores.data.size() / 2;
  EXPECT_EQ(scores.data.substr(0, half), scores.data.substr(half));
}

TEST(Scores, AreRefusedBeforeTheWorkIfTheFileCannotBeWritten) {
  const Folder folder;
  const Outcome done = run_program(folder, "evaluate missing.onnx --scores /nowhere/s.npy");
  EXPECT_EQ(done.code, 1);
  EXPECT_NE(done.error.find("/nowhere"), std::string::npos);
}

}  // namespace
}  // namespace ncprune
