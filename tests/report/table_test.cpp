#include "ncprune/report/table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "ncprune/report/class_report.h"

namespace ncprune {
namespace {

TEST(TableTest, TextAlignsTheFirstColumnLeftAndTheOthersRight) {
  const Table table{"title", {"name", "two\nlines"}, {{"ä", "1"}, {}, {"long name", "22"}}};
  EXPECT_EQ(to_text(table),
            "title\n"
            "             two\n"
            "name       lines\n"
            "----------------\n"
            "ä              1\n"
            "----------------\n"
            "long name     22\n");
}

TEST(TableTest, HtmlEscapesWhateverAClassIsCalled) {
  const Table table{"<b>", {"class"}, {{"<script>alert('x')</script>"}}};
  const std::string html = to_html(table);
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  EXPECT_NE(html.find("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"), std::string::npos);
}

TEST(TableTest, MarkdownEscapesBars) {
  EXPECT_NE(to_markdown({"", {"a"}, {{"x|y"}}}).find("x\\|y"), std::string::npos);
}

TEST(DecimalTest, ShowsThreeDecimalsWhereTheyFitAndADashForNothing) {
  EXPECT_EQ(decimal(0.7512), "0.751");
  EXPECT_EQ(decimal(-12), "-12.000");
  EXPECT_EQ(decimal(0), "0.000");
  EXPECT_EQ(decimal(5.14e-6), "5.1e-06");
  EXPECT_EQ(decimal(123456), "1.2e+05");
  EXPECT_EQ(decimal(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(decimal(std::numeric_limits<double>::quiet_NaN()), "-");
}

TEST(PercentTest, HasOneDecimalAndADashForNothing) {
  EXPECT_EQ(percent(0.7512), "75.1");
  EXPECT_EQ(percent(std::numeric_limits<double>::quiet_NaN()), "-");
}

TEST(ClassReportTest, MarksTheMinorityAndGivesTheSameNumbersAsData) {
  ClassMetrics metrics;
  metrics.recall = {0.5, 1};
  metrics.balanced_accuracy = 0.75;
  metrics.worst_recall = 0.5;
  const ClassInfo classes{{"a", "b"}, {3, 300}, {0}};
  const std::string text = to_text(class_table("", classes, {{"net", metrics, {}}}));
  EXPECT_NE(text.find("a (3) *"), std::string::npos) << text;
  EXPECT_EQ(text.find("b (300) *"), std::string::npos);
  const Json json = metrics_json(metrics, classes);
  EXPECT_EQ(json["minority_recall"], 0.5);
  EXPECT_EQ(json["recall"], Json::array({0.5, 1.0}));
}

TEST(ClassReportTest, SaysHowFarTheCommonOperatingPointDependsOnTheSamples) {
  ClassMetrics metrics;
  metrics.recall = {0.5, 1};
  metrics.balanced_accuracy = 0.75;
  const ClassInfo classes{{"a", "b"}, {3, 300}, {0}};
  ModelResult known{.name = "net", .clean = metrics, .common = metrics};
  const ModelResult older = known;
  known.resampled = {{}, {0.7, 0.8}, {0.4, 0.6}};
  const std::string text = to_text(class_table("", classes, {known, older}));
  EXPECT_NE(text.find("common balanced     75.0   75.0\n"
                      "  95 %: ±           13.9      -\n"
                      "common minority *   50.0   50.0\n"
                      "  95 %: ±           27.7      -\n"),
            std::string::npos)
      << text;
  EXPECT_NE(common_note({known}).find("±"), std::string::npos);
  EXPECT_EQ(common_note({older}).find("±"), std::string::npos);
  const Json json = common_json(known, classes);
  EXPECT_NEAR(json["balanced_margin"].get<double>(), 0.1386, 1e-4);
  EXPECT_TRUE(std::isnan(common_json(older, classes)["minority_margin"].get<double>()));
}

}  // namespace
}  // namespace ncprune
