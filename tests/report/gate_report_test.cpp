#include "ncprune/report/gate_report.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ncprune/report/stored_counts.h"
#include "ncprune/report/table.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

const std::string kHostile = "a|b`c`<img src=x onerror=alert(1)>&\"'*_[x](y)\\|@everyone";

// A gate on classes of 1000 samples, all right before, of which `lost` are wrong after.
Gate gate_of(const std::vector<std::string>& names, const std::vector<int64_t>& lost) {
  Gate gate{{"dense.onnx", "csv:d.csv", "ncprune", ""},
            {"int8.onnx", "csv:d.csv", "onnxruntime", ""},
            {.max_drop = 0.02, .min_recall = {}, .confidence = 0.95},
            {names, {}, {}},
            {}};
  std::vector<RecallCount> before;
  std::vector<RecallCount> after;
  for (const int64_t n : lost) {
    before.push_back({1000, 1000});
    after.push_back({1000, 1000 - n});
  }
  gate.verdict = judge_counts(gate.promise, before, after);
  return gate;
}

// A class that breaks the promise, one that keeps it, one that is unsure, one of too few samples.
Gate gate_of_every_outcome() {
  Gate gate = gate_of({"gone", "kept", "unsure", "rare"}, {1000, 0, 15, 0});
  gate.verdict = judge_counts(gate.promise, {{1000, 1000}, {1000, 1000}, {1000, 1000}, {9, 9}},
                              {{1000, 0}, {1000, 1000}, {1000, 985}, {9, 9}});
  return gate;
}

size_t columns(const std::string& line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

// Everything but the verdict, which is one line however many classes it names.
void expect_narrow(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) EXPECT_LE(columns(line), 80) << line;
}

TEST(Gate, NamesEveryOutcomeApart) {
  EXPECT_EQ(gate_verdict(gate_of_every_outcome()),
            "FAILED: 1 of 4 classes breaks the promise: gone; 1 of 4 classes may break the "
            "promise, which more samples could settle: unsure; 1 of 4 classes has too few samples "
            "to tell: rare");
  EXPECT_EQ(gate_verdict(gate_of({"a", "b"}, {0, 0})),
            "PASSED: each of 2 classes keeps the promise");
}

TEST(Gate, FitsATerminalWithTwoClassesAndWithAThousand) {
  const std::string two = gate_text(gate_of({std::string(300, 'x') + "1", "b"}, {1000, 0}));
  expect_narrow(two);
  EXPECT_NE(two.find("no\nb "), std::string::npos) << two;

  std::vector<std::string> names;
  std::vector<int64_t> lost;
  for (int64_t c = 0; c < 1000; ++c) {
    names.push_back(fmt::format("a class with a long name of its own, number {}", c));
    lost.push_back(c % 10 == 0 ? 100 + c / 10 : c % 7);
  }
  const std::string many = gate_text(gate_of(names, lost));
  expect_narrow(many);
  EXPECT_LT(many.find("990"), many.find("980")) << "the worst first: " << many;
  EXPECT_EQ(std::count(many.begin(), many.end(), '\n'), 9 + 100 + 5 + 2)
      << "all that fail, the closest";
  EXPECT_NE(many.find("895 more classes keep the promise"), std::string::npos) << many;
  EXPECT_NE(many.find("and 80 more"), std::string::npos) << many;
}

TEST(Gate, AsJUnitHasATestCasePerClass) {
  const std::string xml = gate_junit(gate_of_every_outcome());
  EXPECT_NE(xml.find("tests=\"4\" failures=\"3\""), std::string::npos) << xml;
  for (const std::string type : {"broken", "unsure", "too-few-samples"}) {
    EXPECT_NE(xml.find("<failure type=\"" + type + "\" message=\""), std::string::npos) << type;
  }
  EXPECT_NE(xml.find("name=\"kept\" time=\"0\"/>"), std::string::npos);
  EXPECT_NE(xml.find("9 samples; a network that loses none of them needs 183"), std::string::npos)
      << xml;

  const std::string hostile = gate_junit(gate_of({kHostile, "\xEF\xBF\xBF"}, {1000, 0}));
  EXPECT_NE(hostile.find("&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#39;"), std::string::npos)
      << hostile;
  EXPECT_EQ(hostile.find("<img"), std::string::npos);
  EXPECT_EQ(hostile.find("\xEF\xBF\xBF"), std::string::npos) << "XML has no such character";
}

TEST(Gate, AsMarkdownShowsNamesAsTheyAre) {
  const std::string text = gate_markdown(gate_of({kHostile, "b"}, {1000, 0}));
  const std::string escaped =
      "a\\|b\\`c\\`&lt;img src=x onerror=alert(1)&gt;&amp;\"'\\*\\_\\[x\\](y)\\\\\\|@<!-- "
      "-->everyone";
  EXPECT_EQ(escape_markdown(kHostile), escaped);
  EXPECT_NE(text.find("| " + escaped + " | 1000 |"), std::string::npos) << text;
  EXPECT_EQ(text.find("<img"), std::string::npos) << text;
  EXPECT_EQ(text.find("**FAILED: 1 of 2 classes breaks the promise: "), 0) << text;
  EXPECT_LT(text.find("<details>"), text.find("| b |")) << "only failing classes are outside";
  EXPECT_NE(text.find("| b |"), std::string::npos);
}

TEST(Gate, AsJsonIsReadBackAsItsCountsBefore) {
  const Gate gate = gate_of({kHostile, "b"}, {1000, 3});
  const Json json = gate_json(gate);
  EXPECT_EQ(json["ncprune_gate"], 1);
  EXPECT_EQ(json["failing"]["broken"], Json::array({kHostile}));
  EXPECT_EQ(json["classes"][1]["right_after"], 997);
  const StoredCounts stored = parse_stored_counts(json_text(json), "g.json");
  EXPECT_EQ(stored.network, "dense.onnx");
  EXPECT_EQ(stored.data, "csv:d.csv");
  EXPECT_EQ(stored.names, gate.classes.names);
  EXPECT_EQ(stored.counts[1].right, 1000);
}

TEST(StoredCounts, AreMatchedByName) {
  const StoredCounts stored{"d.onnx", "csv:d.csv", {"b", "a"}, {{10, 1}, {20, 2}}};
  const std::vector<RecallCount> counts = counts_for(stored, {"a", "b"}, "g.json");
  EXPECT_EQ(counts[0].samples, 20);
  EXPECT_EQ(counts[1].right, 1);
  EXPECT_EQ(input_error([&] {
              counts_for(stored, {"a", "c"}, "g.json");
            }),
            "g.json: has no class 'c', which the data have");
  EXPECT_EQ(input_error([&] { counts_for(stored, {"a"}, "g.json"); }),
            "g.json: has class 'b', which the data do not have");
  EXPECT_EQ(input_error([&] {
              counts_for(stored, {"a", "a"}, "g.json");
            }),
            "the data: class 'a' occurs twice");
}

TEST(StoredCounts, OfEvaluateAreThoseOfItsFirstNetwork) {
  const StoredCounts stored = parse_stored_counts(
      R"({"data": "d", "classes": ["a", "b"], "samples": [5, 6],
          "networks": [{"network": "x.onnx", "right": [4, 0]}, {"network": "y.onnx"}]})",
      "e.json");
  EXPECT_EQ(stored.network, "x.onnx");
  EXPECT_EQ(stored.counts[0].right, 4);
  EXPECT_EQ(stored.counts[1].samples, 6);
}

TEST(StoredCounts, RefuseEverythingElseInOneLine) {
  const auto refusal = [](const std::string& text) {
    return input_error([&] { parse_stored_counts(text, "s.json"); });
  };
  EXPECT_EQ(refusal("{"), "s.json: is not JSON");
  EXPECT_EQ(refusal(std::string(1 << 20, '[')), "s.json: is not JSON");
  for (const std::string other : {"[]", "7", "{}", "null", "\"networks\""}) {
    EXPECT_NE(refusal(other).find("holds no recalls"), std::string::npos) << other;
  }
  EXPECT_EQ(refusal(R"({"ncprune_gate": 2})"), "s.json: a gate's file of version 2; wanted 1");
  const auto gate = [&](const std::string& classes) {
    return refusal(R"({"ncprune_gate": 1, "before": {"network": "d", "data": "d"}, "classes": )" +
                   classes + "}");
  };
  EXPECT_EQ(gate("3"), "s.json: 'classes' is not an array");
  EXPECT_EQ(gate("[]"), "s.json: holds no classes");
  EXPECT_EQ(gate("[4]"), "s.json: has no entry 'name'");
  EXPECT_EQ(gate(R"([{"name": "a", "samples_before": 3, "right_before": 4}])"),
            "s.json: class 'a': 4 of 3 samples are right");
  for (const std::string count : {"-1", "1.5", "1e300", "\"3\"", "18446744073709551615"}) {
    EXPECT_EQ(gate(R"([{"name": "a", "right_before": 0, "samples_before": )" + count + "}]"),
              "s.json: 'samples_before' is not a number of samples")
        << count;
  }
  EXPECT_EQ(gate(R"([{"name": "a\u001b[31m", "samples_before": 3, "right_before": 3}])"),
            "s.json: 'name' is not plain text");
  const std::string twice = R"({"name": "a", "samples_before": 3, "right_before": 3})";
  EXPECT_EQ(gate("[" + twice + "," + twice + "]"), "s.json: class 'a' occurs twice");
  EXPECT_EQ(refusal(R"({"networks": [{"network": "x"}], "data": "d", "classes": ["a"]})"),
            "s.json: has no entry 'samples'");
  EXPECT_EQ(refusal(R"({"networks": [{"network": "x", "right": [1]}], "data": "d",
                        "classes": ["a"], "samples": [1, 2]})"),
            "s.json: 'classes', 'samples' and 'right' have 1, 2 and 1 entries");
}

}  // namespace
}  // namespace ncprune
