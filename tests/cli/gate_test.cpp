// The command gate, from the outside: exit codes, files, and verdicts that a recount confirms.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "ncprune/base/json.h"
#include "tests/cli/program.h"
#include "tests/onnx/model_builder.h"

namespace ncprune {
namespace {

using testing::content;
using testing::Outcome;
using testing::run_program;

constexpr size_t kClasses = 4;
constexpr size_t kFeatures = 5;
constexpr int64_t kSamples = 400;  // of every class, to test on
using Row = std::array<float, kFeatures>;

// Gaussian classes around `means`; the last two lie close together.
struct Law {
  std::array<Row, kClasses> means{Row{6, 0, 0, 0, 1}, Row{0, 6, 0, 0, -1}, Row{0, 0, 6, 4.5F, 0},
                                  Row{0, 0, 4.5F, 6, 0}};

  std::vector<Row> samples(size_t label, std::mt19937_64& source) const {
    std::normal_distribution<float> noise(0, 0.35F);
    std::vector<Row> rows(static_cast<size_t>(kSamples), means[label]);
    for (Row& row : rows) {
      // Three decimals, as the table holds them.
      for (float& x : row) x = std::round((x + noise(source)) * 1000) / 1000;
    }
    return rows;
  }
};

// The linear classifier of the law, its weights as whole multiples of `step` from -most to most.
struct Quantised {
  std::array<std::array<int8_t, kClasses>, kFeatures> weight{};
  float step;
  std::array<float, kClasses> bias{};

  Quantised(const Law& law, int most) : step(6.0F / static_cast<float>(most)) {
    for (size_t c = 0; c < kClasses; ++c) {
      for (size_t f = 0; f < kFeatures; ++f) {
        weight[f][c] = static_cast<int8_t>(std::lround(law.means[c][f] / step));
        bias[c] -= law.means[c][f] * law.means[c][f] / 2;
      }
    }
  }

  size_t predict(const Row& x) const {
    size_t best = 0;
    double highest = -1e9;
    for (size_t c = 0; c < kClasses; ++c) {
      double score = bias[c];
      for (size_t f = 0; f < kFeatures; ++f) score += double{x[f]} * step * weight[f][c];
      if (score > highest) best = c;
      highest = std::max(highest, score);
    }
    return best;
  }

  // x -> MatMul(x, DequantizeLinear(int8 weight)) + bias
  std::string onnx_bytes() const {
    ModelBuilder model;
    model.input("x", {-1, kFeatures}).output("scores", {-1, kClasses});
    auto& w = *model.graph().add_initializer();
    w.set_name("w");
    w.set_data_type(onnx::TensorProto::INT8);
    w.add_dims(kFeatures);
    w.add_dims(kClasses);
    for (const auto& row : weight) w.mutable_raw_data()->append(row.begin(), row.end());
    add_floats(model, "step", {}, {step});
    add_floats(model, "bias", {kClasses}, {bias.begin(), bias.end()});
    model.node("DequantizeLinear", {"w", "step"}, {"weight"});
    model.node("MatMul", {"x", "weight"}, {"product"});
    model.node("Add", {"product", "bias"}, {"scores"});
    return model.bytes();
  }

  static void add_floats(ModelBuilder& model, const std::string& name,
                         const std::vector<int64_t>& dims, const std::vector<float>& values) {
    auto& tensor = *model.graph().add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const int64_t dim : dims) tensor.add_dims(dim);
    for (const float value : values) tensor.add_float_data(value);
  }
};

// P(X <= k) for X binomial.
double at_most(int64_t k, int64_t n, double p) {
  double sum = 0;
  for (int64_t i = 0; i <= k; ++i) {
    const auto x = static_cast<double>(i);
    const auto m = static_cast<double>(n);
    sum += std::exp(std::lgamma(m + 1) - std::lgamma(x + 1) - std::lgamma(m - x + 1) +
                    x * std::log(p) + (m - x) * std::log1p(-p));
  }
  return sum;
}

// The largest share under which at most k of n is no rarer than `side`, by bisection.
double highest_share(int64_t k, int64_t n, double side) {
  if (k == n) return 1;
  double low = 0;
  double high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (at_most(k, n, middle) >= side ? low : high) = middle;
  }
  return low;
}

class GateCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::mt19937_64 source(5);
    for (const std::string name : {"train.csv", "test.csv"}) {
      std::string table = "a,b,c,d,e,label\n";
      test_.clear();
      for (size_t c = 0; c < kClasses; ++c) {
        test_.push_back(law_.samples(c, source));
        for (const Row& row : test_.back()) {
          for (const float x : row) table += std::to_string(x) + ",";
          table += kNames[c] + "\n";
        }
      }
      folder_.write(name, table);
    }
    folder_.write("dense.onnx", dense_.onnx_bytes());
  }

  // The most that recall of each class fell, with confidence 95 %, counted by hand.
  std::array<double, kClasses> most_drops(const Quantised& after) const {
    std::array<double, kClasses> drops{};
    for (size_t c = 0; c < kClasses; ++c) {
      int64_t lost = 0;
      int64_t gained = 0;
      for (const Row& row : test_[c]) {
        const bool was = dense_.predict(row) == c;
        const bool is = after.predict(row) == c;
        lost += was && !is ? 1 : 0;
        gained += is && !was ? 1 : 0;
      }
      const double least_gained = 1 - highest_share(kSamples - gained, kSamples, 0.025);
      drops[c] = highest_share(lost, kSamples, 0.025) - least_gained;
    }
    return drops;
  }

  Outcome gate(const std::string& arguments) const {
    return run_program(
        folder_, "gate " + arguments + " --data 'csv:train.csv?label=label&test=test.csv' --quiet");
  }

  // In the order of the alphabet, in which a table numbers its classes.
  inline static const std::array<std::string, kClasses> kNames{"brass", "iron", "tin <b>", "zinc"};
  Law law_;
  Quantised dense_{law_, 127};
  std::vector<std::vector<Row>> test_;
  Folder folder_;
};

TEST_F(GateCommandTest, JudgesNetworksOfEightAndOfTwoBitsAsARecountDoes) {
  const std::array<int, 2> levels{120, 1};  // -120 to 120, and -1 to 1
  std::array<bool, 2> passed{};
  for (size_t i = 0; i < levels.size(); ++i) {
    const Quantised after(law_, levels[i]);
    folder_.write("after.onnx", after.onnx_bytes());
    const Outcome outcome = gate("dense.onnx after.onnx --max-class-drop 4 --json g.json");
    const std::array<double, kClasses> wanted = most_drops(after);
    const Json json = Json::parse(content(folder_, "g.json"));
    ASSERT_EQ(json["classes"].size(), kClasses) << outcome.error;
    passed[i] = true;
    for (const Json& own : json["classes"]) {
      const auto c = static_cast<size_t>(
          std::find(kNames.begin(), kNames.end(), own["name"].get<std::string>()) - kNames.begin());
      ASSERT_LT(c, kClasses);
      EXPECT_GT(own["recall_before"], 0.9) << kNames[c];
      EXPECT_NEAR(own["most_drop"].get<double>(), wanted[c], 1e-6) << kNames[c];
      EXPECT_EQ(own["kept"], wanted[c] <= 0.04) << kNames[c];
      passed[i] = passed[i] && wanted[c] <= 0.04;
    }
    EXPECT_EQ(outcome.code, passed[i] ? 0 : 2) << outcome.output << outcome.error;
    EXPECT_EQ(json["kept"], passed[i]);
    EXPECT_EQ(outcome.output.find(passed[i] ? "PASSED" : "FAILED"), 0) << outcome.output;
  }
  EXPECT_TRUE(passed[0]) << "eight bits are enough";
  EXPECT_FALSE(passed[1]) << "two bits are not";
}

TEST_F(GateCommandTest, TakesStoredRecallsInPlaceOfANetwork) {
  folder_.write("after.onnx", Quantised(law_, 120).onnx_bytes());
  const std::string data = " --data 'csv:train.csv?label=label&test=test.csv' ";
  EXPECT_EQ(run_program(folder_, "evaluate dense.onnx" + data + "--json e.json").code, 0);
  EXPECT_EQ(run_program(folder_, "compare dense.onnx after.onnx" + data + "--json c.json").code, 0);
  const Outcome first = gate("dense.onnx after.onnx --json g.json");
  EXPECT_EQ(first.code, 0) << first.output << first.error;
  for (const std::string stored : {"g.json", "e.json", "c.json"}) {
    const Outcome outcome = gate(stored + " after.onnx --max-class-drop 4 --json again.json");
    EXPECT_EQ(outcome.code, 0) << stored << outcome.output << outcome.error;
    EXPECT_NE(outcome.output.find("stored in " + stored), std::string::npos) << outcome.output;
    const Json json = Json::parse(content(folder_, "again.json"));
    EXPECT_EQ(json["bounds"], "both-recalls");
    EXPECT_EQ(json["before"]["network"], "dense.onnx");
    EXPECT_EQ(json["classes"][0]["samples_before"], kSamples);
  }
  std::string other = content(folder_, "g.json");
  other.replace(other.find("\"zinc\""), 6, "\"lead\"");
  folder_.write("other.json", other);
  const Outcome refused = gate("other.json after.onnx --json none.json");
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.error.find("other.json: has no class 'zinc'"), std::string::npos)
      << refused.error;
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/none.json"));
}

TEST_F(GateCommandTest, WritesItsFilesWhenItFailsAndNothingWhenItRefuses) {
  folder_.write("after.onnx", Quantised(law_, 1).onnx_bytes());
  EXPECT_EQ(gate("dense.onnx after.onnx --junit g.xml --markdown g.md").code, 2);
  EXPECT_NE(content(folder_, "g.xml").find("name=\"tin &lt;b&gt;\""), std::string::npos);
  EXPECT_NE(content(folder_, "g.md").find("tin &lt;b&gt;"), std::string::npos);
  for (const std::string wrong : {"--max-class-drop 0", "--min-recall lead=0.9", "--confidence 2",
                                  "--runtime tensorrt", "--markdown no/such/folder/g.md"}) {
    const Outcome outcome = gate("dense.onnx after.onnx --json none.json " + wrong);
    EXPECT_EQ(outcome.code, 1) << wrong;
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
    EXPECT_EQ(outcome.output, "") << wrong;
    EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/none.json")) << wrong;
  }
  // A promise about one class alone says nothing of the others.
  EXPECT_EQ(gate("dense.onnx after.onnx --min-recall iron=0.9").code, 0);
}

TEST_F(GateCommandTest, NamesAClassThatTheNetworkCallsOtherwise) {
  ModelBuilder renamed;
  renamed.model.ParseFromString(dense_.onnx_bytes());
  auto& entry = *renamed.model.add_metadata_props();
  entry.set_key("ncprune.class_names");
  entry.set_value(R"(["old\u001b[31m", "iron", "tin <b>", "zinc"])");
  folder_.write("renamed.onnx", renamed.bytes());
  const std::string data = " --data 'csv:train.csv?label=label&test=test.csv' ";
  for (const std::string command : {"evaluate renamed.onnx", "compare renamed.onnx dense.onnx"}) {
    const Outcome outcome = run_program(folder_, command + data);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.error.find("has no class 'old"), std::string::npos) << outcome.error;
    EXPECT_EQ(outcome.error.find('\x1B'), std::string::npos) << outcome.error;
  }
}

TEST_F(GateCommandTest, PrintsFileNamesWithoutControlCharacters) {
  const std::string name = "de\x1B[31mnse\xFF.onnx";
  folder_.write(name, dense_.onnx_bytes());
  for (const std::string& command : std::vector<std::string>{"gate '" + name + "' dense.onnx",
                                                             "gate dense.onnx 'no\x1B[0m\xFF.onnx'",
                                                             "evaluate '" + name + "'"}) {
    const Outcome outcome =
        run_program(folder_, command + " --data 'csv:train.csv?label=label&test=test.csv'");
    const std::string all = outcome.output + outcome.error;
    EXPECT_FALSE(all.empty()) << command;
    EXPECT_EQ(all.find('\x1B'), std::string::npos) << command;
    EXPECT_EQ(all.find('\xFF'), std::string::npos) << command;
  }
}

}  // namespace
}  // namespace ncprune
