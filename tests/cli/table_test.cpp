// Tables as they are, from the outside: a network remembers how it reads one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ncprune/base/json.h"
#include "ncprune/experiment/table_entry.h"
#include "ncprune/onnx/onnx.h"
#include "tests/cli/program.h"

namespace ncprune {
namespace {

using testing::content;
using testing::run_program;

class Tables : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string first = "size;colour;open;y\n";
    std::string second = "y,open,colour,size\n";
    for (int i = 0; i < 90; ++i) {
      const bool rare = i % 9 == 0;
      const std::string colour = rare || i % 5 == 0 ? "red" : "blue";
      const int whole = rare ? 4 : 1;
      const std::string open = i % 2 == 0 ? "Yes" : "no";
      const bool gap = i % 13 == 1;
      first += gap ? ";" : fmt::format("{},{};", whole, i % 7);
      first += fmt::format("{};{};{}\n", colour, open, rare ? "rare" : "usual");
      second += fmt::format("{},{},{},", rare ? "rare" : "usual", open, colour);
      second += gap ? "NA\n" : fmt::format("{}.{}\n", whole, i % 7);
    }
    folder_.write("first.csv", first);
    folder_.write("second.csv", second);
    run("train " + kFirst + "--arch mlp:8,8 --epochs 20 -o dense.onnx");
  }

  std::string run(const std::string& arguments) {
    const testing::Outcome outcome = run_program(folder_, arguments + " --quiet");
    EXPECT_EQ(outcome.code, 0) << arguments << ": " << outcome.error;
    return outcome.output;
  }

  std::string entry_of(const std::string& file) {
    return read_onnx(folder_.path() + "/" + file).metadata.other[kTableEntry];
  }

  Json recalls(const std::string& data) {
    run("evaluate dense.onnx pruned.onnx --json out.json " + data);
    return Json::parse(content(folder_, "out.json"))["networks"];
  }

  const std::string kFirst = "--data 'csv:first.csv?label=y' ";
  const std::string kSecond = "--data 'csv:second.csv?label=y' ";
  Folder folder_;
};

TEST_F(Tables, AreReadInTheSameWayByEveryCommand) {
  const std::string entry = entry_of("dense.onnx");
  ASSERT_NE(entry.find("\"colour\""), std::string::npos);
  run("prune dense.onnx --sparsity 0.5 -o pruned.onnx " + kSecond);
  run("finetune pruned.onnx --epochs 1 -o tuned.onnx " + kSecond);
  run("gradual dense.onnx --steps 1 --epochs 1 -o gradual.onnx " + kFirst);
  run("plan dense.onnx -o plan.json " + kSecond);
  run("apply plan.json dense.onnx -o applied.onnx " + kSecond);
  for (const char* file : {"pruned.onnx", "tuned.onnx", "gradual.onnx", "applied.onnx"}) {
    EXPECT_EQ(entry_of(file), entry) << file;
  }
  EXPECT_EQ(recalls(kFirst), recalls(kSecond));
  run("compare dense.onnx pruned.onnx " + kSecond);
  run("report dense.onnx pruned.onnx --brief -o r.md " + kSecond);
  run("robustness dense.onnx --severities 1 " + kSecond);
}

TEST_F(Tables, MissingColumnsAndUnknownWordsAreNamed) {
  const auto error = [&](const std::string& text) {
    folder_.write("bad.csv", text);
    return run_program(folder_, "evaluate dense.onnx --data 'csv:bad.csv?label=y'").error;
  };
  EXPECT_NE(error("y,open,size\nrare,no,1\n").find("no column 'colour'"), std::string::npos);
  EXPECT_NE(error("y,open,colour,size\nrare,no,pink,1\n")
                .find("bad.csv: line 2, column 'colour': 'pink' does not occur"),
            std::string::npos);
}

TEST_F(Tables, AreDescribedByTheDoctor) {
  const std::string text = run("doctor --json out.json " + kFirst);
  EXPECT_NE(text.find("colour"), std::string::npos) << text;
  const Json table = Json::parse(content(folder_, "out.json"))["table"];
  ASSERT_EQ(table["columns"].size(), 3);
  EXPECT_EQ(table["columns"][0],
            Json({{"column", "size"}, {"kind", "number"}, {"inputs", 2}, {"gaps", true}}));
  EXPECT_EQ(table["columns"][2]["kind"], "boolean");
}

}  // namespace
}  // namespace ncprune
