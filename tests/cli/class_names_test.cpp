// --classes from the outside: an order of the classes that the program prints can be given back.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/cli/program.h"
#include "tests/onnx/model_builder.h"

namespace ncprune {
namespace {

using testing::Outcome;
using testing::run_program;

constexpr int kClasses = 36;

// The centre of class `c`, on a circle.
std::pair<double, double> centre(int c) {
  const double angle = 2 * 3.14159265358979 * c / kClasses;
  return {std::cos(angle), std::sin(angle)};
}

std::string name(int c) {
  return fmt::format("class {:02}", c);
}

// Samples of the classes close to their centres.
std::string circle() {
  std::string text = "x,y,label\n";
  for (int i = 0; i < 12 * kClasses; ++i) {
    const auto [x, y] = centre(i % kClasses);
    const double nudge = 0.01 * (i / kClasses % 3 - 1);
    text += fmt::format("{:.4f},{:.4f},{}\n", x + nudge, y - nudge, name(i % kClasses));
  }
  return text;
}

void add_weight(ModelBuilder& model, const std::string& name, const std::vector<int64_t>& dims,
                const std::vector<double>& values) {
  auto& weight = *model.graph().add_initializer();
  weight.set_name(name);
  weight.set_data_type(onnx::TensorProto::FLOAT);
  for (const int64_t dim : dims) weight.add_dims(dim);
  for (const double value : values) weight.add_float_data(static_cast<float>(value));
}

// The network of the nearest centre, whose score `c` is that of class c + 5: a head on the positive
// and the negative parts of x and y.
std::string network(const std::string& stored_names) {
  ModelBuilder model;
  model.input("x", {-1, 2}).output("scores", {-1, kClasses});
  add_weight(model, "parts", {2, 4}, {1, -1, 0, 0, 0, 0, 1, -1});
  std::vector<double> head(4 * kClasses);
  for (size_t c = 0; c < kClasses; ++c) {
    const auto [x, y] = centre((static_cast<int>(c) + 5) % kClasses);
    head[c] = x;
    head[kClasses + c] = -x;
    head[2 * kClasses + c] = y;
    head[3 * kClasses + c] = -y;
  }
  add_weight(model, "head", {4, kClasses}, head);
  model.node("MatMul", {"x", "parts"}, {"signed"});
  model.node("Relu", {"signed"}, {"positive"});
  model.node("MatMul", {"positive", "head"}, {"scores"});
  if (!stored_names.empty()) {
    auto& entry = *model.model.add_metadata_props();
    entry.set_key("ncprune.class_names");
    entry.set_value(stored_names);
  }
  return model.bytes();
}

TEST(ClassNames, TheOrderThatIsPrintedCanBeGivenBackAsAFile) {
  const Folder folder;
  folder.write("t.csv", circle());
  folder.write("n.onnx", network(""));
  const std::string prune = "prune n.onnx --data 'csv:t.csv?label=label' --sparsity 0.1 -o p.onnx ";
  const Outcome refused = run_program(folder, prune + "--quiet");
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(std::count(refused.error.begin(), refused.error.end(), '\n'), 1) << refused.error;
  EXPECT_NE(refused.error.find("--classes @FILE"), std::string::npos) << refused.error;
  EXPECT_TRUE(refused.output.starts_with(name(5) + "\n" + name(6) + "\n")) << refused.output;
  EXPECT_EQ(std::count(refused.output.begin(), refused.output.end(), '\n'), kClasses);
  folder.write("order.txt", refused.output);
  const Outcome mended = run_program(folder, prune + "--quiet --classes @order.txt");
  EXPECT_EQ(mended.code, 0) << mended.error;
  EXPECT_EQ(run_program(folder, prune + "--classes @none.txt").code, 1);
}

TEST(ClassNames, TheUsersReplaceThoseOfTheFile) {
  const Folder folder;
  folder.write("t.csv", circle());
  std::string stored = "[";
  std::string order;
  for (int c = 0; c < kClasses; ++c) {
    stored += fmt::format("{}\"old {}\"", c == 0 ? "" : ",", c);
    order += name((c + 5) % kClasses) + "\n";
  }
  folder.write("n.onnx", network(stored + "]"));
  folder.write("order.txt", order);
  const std::string evaluate = "evaluate n.onnx --data 'csv:t.csv?label=label' --json e.json ";
  const Outcome refused = run_program(folder, evaluate);
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.error.find("--classes NAME,NAME,..."), std::string::npos) << refused.error;
  const Outcome renamed = run_program(folder, evaluate + "--classes @order.txt");
  EXPECT_EQ(renamed.code, 0) << renamed.error;
  EXPECT_NE(renamed.error.find("--classes replaces its class names old 0, old 1"),
            std::string::npos)
      << renamed.error;
  EXPECT_NE(renamed.output.find("overall accuracy"), std::string::npos) << renamed.output;
  EXPECT_NE(testing::content(folder, "e.json").find("class 07"), std::string::npos);
}

}  // namespace
}  // namespace ncprune
