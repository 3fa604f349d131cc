#include "ncprune/report/evidence_page.h"

#include <gtest/gtest.h>

namespace ncprune {
namespace {

const Provenance kProvenance{"t", "d", "none", 1, "c", "v", 0};

std::vector<std::string> titles(const Page& page) {
  std::vector<std::string> all;
  for (const Section& section : page.sections) all.push_back(section.title);
  return all;
}

// Two networks that differ in one class; nothing but their test samples was measured.
Evidence one_class_lost() {
  Evidence evidence;
  evidence.classes = {{"cat", "dog"}, {}, {}};
  const ClassMetrics metrics{.recall = {1, 0}, .confusion = {1, 0, 1, 0}};
  evidence.results = {{"dense", metrics, {}}, {"small", metrics, {}}};
  evidence.sizes = {{9, 8, {{"fc", 8, 8}}}, {9, 8, {{"fc", 8, 4}}}};
  evidence.file_bytes = {2'000'000, 1'000'000};
  Comparison comparison{};
  comparison.classes = {{100, 0.9, 0.85, 8, 3, 0.2, 0.2, 0, 0}, {100, 0.8, 0.3, 50, 0, 0, 0, 0, 0}};
  comparison.balanced_before = 0.85;
  comparison.balanced_after = 0.575;
  evidence.comparisons = {comparison};
  return evidence;
}

TEST(Verdicts, NameTheClassThatWasLost) {
  EXPECT_EQ(verdicts(one_class_lost()).front(),
            "small lost recall beyond chance in 1 of 2 classes, most in dog (-50.0 points): "
            "balanced accuracy 57.5 %, was 85.0 %.");
}

TEST(Verdicts, SayWhereNoClassWasLost) {
  Evidence evidence = one_class_lost();
  evidence.comparisons.front().classes[1].adjusted = 0.5;
  EXPECT_EQ(verdicts(evidence).front().rfind("small lost no class beyond what chance explains", 0),
            0U);
}

TEST(EvidencePage, LeavesOutWhatWasNotMeasured) {
  Evidence evidence = one_class_lost();
  EXPECT_EQ(titles(evidence_page(evidence, kProvenance)),
            (std::vector<std::string>{"What happened to every class", "What changed",
                                      "Layers and cost", "How to repeat this"}));
  const Page page = evidence_page(evidence, kProvenance);
  EXPECT_EQ(page.sections[2].tables[0].rows[1],
            (std::vector<std::string>{"small", "8", "4", "50.0", "9", "0.00", "1.00", "-", "-"}));
}

TEST(EvidencePage, ShowsTheTimeOfCompiledNetworksBesideThatOfTheRuntime) {
  Evidence evidence = one_class_lost();
  evidence.latencies = {{2, 1, 3}, {1.5, 1, 3}};
  evidence.compiled = {{1, 0.5, 2}, {0.25, 0.1, 2}};
  const Page page = evidence_page(evidence, kProvenance);
  const std::vector<std::string>& row = page.sections[2].tables[0].rows[1];
  EXPECT_EQ(std::vector<std::string>(row.end() - 2, row.end()),
            (std::vector<std::string>{"1.500", "0.250"}));
}

TEST(EvidencePage, SaysWhatAPictureIsTakenFor) {
  Evidence evidence = one_class_lost();
  evidence.exemplars = {{1, {7, 0, 0, 1, 0.75}, {1, 1, 1, {0}}}};
  const Page page = evidence_page(evidence, kProvenance);
  ASSERT_EQ(page.sections[2].title, "Samples judged differently");
  EXPECT_EQ(page.sections[2].pictures[0].caption,
            "small: cat taken for dog, was for cat (75 % sure); sample 7");
}

}  // namespace
}  // namespace ncprune
