#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "ncprune/report/figures.h"
#include "ncprune/study/study.h"

namespace ncprune {
namespace {

StudyRow row_of(uint64_t seed, const std::string& treatment, double recall) {
  StudyRow row;
  row.cell.data = "data";
  row.cell.imbalance = "none";
  row.cell.seed = seed;
  row.cell.method = "dense";
  row.cell.treatment = treatment;
  row.cell.repair = "none";
  row.cell.head = "keep";
  row.outcome.result.clean.recall = {recall, recall};
  row.outcome.result.clean.balanced_accuracy = recall;
  row.outcome.classes.minority = {0};
  return row;
}

TEST(SummaryTables, CountTreatmentsThatComeToTheSameOnceASeed) {
  const std::vector<Table> tables =
      summary_tables({row_of(0, "method/keep", 0.5), row_of(0, "least-squares/keep", 0.5),
                      row_of(1, "method/keep", 0.7), row_of(1, "least-squares/keep", 0.7)});
  ASSERT_EQ(tables.size(), 1);
  EXPECT_EQ(tables[0].title, "data, none, 2 seeds: mean ± standard deviation (%)");
  ASSERT_EQ(tables[0].rows.size(), 1);
  EXPECT_EQ(tables[0].rows[0][3], "60.0 ±14.1");
}

StudyRow pruned_row(uint64_t seed, const std::string& method, double sparsity) {
  StudyRow row = row_of(seed, "method/keep", 0.5);
  row.cell.method = method;
  row.cell.sparsity = sparsity;
  row.cell.settings = "{}";
  return row;
}

TEST(StudyPage, NamesSeedsInOrderAndLeavesOutWhatIsMissing) {
  std::vector<StudyRow> rows{pruned_row(2, "dense", 0), pruned_row(0, "dense", 0),
                             pruned_row(2, "surgeon", 0.9), pruned_row(0, "surgeon", 0.9),
                             pruned_row(2, "magnitude", 0.5)};
  rows.push_back(rows.back());
  rows.back().cell.treatment = "least-squares/keep";
  const Page page = study_page(rows, "grid.toml");
  EXPECT_NE(page.sections[0].paragraphs[0].find("seeds 0, 2;"), std::string::npos);
  ASSERT_EQ(page.verdict.size(), 1) << "a line for the first treatment of every problem";
  EXPECT_NE(page.verdict[0].find("90 % removed leave surgeon 50.0 %."), std::string::npos)
      << page.verdict[0];
}

TEST(StudyPage, TellsTheStudiesOfADatabaseApart) {
  std::vector<StudyRow> rows;
  for (const std::string settings :
       {R"({"architecture": "resnet:20", "remove": "weights"})",
        R"({"architecture": "resnet:20", "remove": "macs", "finetune": {"epochs": 3}})",
        R"({"architecture": 5, "remove": []})"}) {
    for (const auto& [method, sparsity] :
         {std::pair{"dense", 0.0}, std::pair{"surgeon", 0.9}, std::pair{"surgeon", 0.5}}) {
      if (settings.find('5') != std::string::npos && sparsity > 0) continue;  // dense alone so far
      rows.push_back(pruned_row(0, method, sparsity));
      rows.back().cell.settings = settings;
    }
  }
  const Page page = study_page(rows, "study.db");
  std::vector<std::string> titles;
  for (const Section& section : page.sections) titles.push_back(section.title);
  const std::string channels = "resnet:20, multiply-adds removed, trained further";
  EXPECT_EQ(titles, (std::vector<std::string>{
                        "data, none, resnet:20", "How sure the differences are: resnet:20",
                        "data, none, " + channels, "How sure the differences are: " + channels,
                        "data, none, ?", "How sure the differences are: ?", "How to repeat this"}));
  ASSERT_EQ(page.verdict.size(), 2) << "nothing is pruned in the third";
  EXPECT_EQ(page.verdict[1].find("data, none, " + channels + ", method/keep: of 50.0 %"), 0)
      << page.verdict[1];
  EXPECT_NE(page.verdict[1].find("90 % of the multiply-adds removed leave"), std::string::npos);
  ASSERT_EQ(page.sections[2].tables.size(), 2);
  EXPECT_EQ(page.sections[2].tables[0].title.find("data, none, 50 % of the multiply-adds removed"),
            0);
  EXPECT_EQ(page.sections[0].tables[1].title.find("data, none, 90 % removed, 1 seed:"), 0);
  EXPECT_TRUE(page.sections[4].tables.empty());
}

TEST(StudyPage, NamesThePatternOfTheMasks) {
  std::vector<StudyRow> rows{pruned_row(0, "dense", 0), pruned_row(0, "surgeon", 0.5)};
  for (StudyRow& row : rows) {
    row.cell.settings = R"({"architecture": "vit:4,48,4,3", "pattern": "2:4"})";
  }
  const Page page = study_page(rows, "study.db");
  EXPECT_EQ(page.sections[0].title, "data, none, vit:4,48,4,3, 2:4");
  EXPECT_NE(page.verdict[0].find("50 % removed as 2:4 leave"), std::string::npos)
      << page.verdict[0];
}

TEST(Figures, TellTenSeriesApart) {
  std::vector<Line> lines;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}) {
    lines.push_back({name, {{0.5, 0.5, {}}, {0.9, 0.4, {}}}});
  }
  const Json spec = Json::parse(line_chart("", "", "", lines).spec);
  std::set<std::string> looks;
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string look;
    for (const Json& scale : spec["scales"]) {
      if (scale["name"] != "colour" && scale["name"] != "shape") continue;
      look += scale["range"][i % scale["range"].size()].get<std::string>();
    }
    looks.insert(look);
  }
  EXPECT_EQ(looks.size(), lines.size());
}

TEST(SparsityCurves, AreLevelForTheDenseNetwork) {
  Study study;
  study.data = {"synthetic:3,6,80?spread=3"};
  study.imbalance = {"classes:2@0.2"};
  study.architecture = "mlp:8";
  study.seeds = {0, 1};
  study.methods = {"magnitude"};
  study.sparsities = {0.5, 0.8};
  study.train.epochs = 2;
  const std::vector<StudyRow> rows = run_study(study);
  const std::vector<Figure> figures = sparsity_curves(rows);
  ASSERT_EQ(figures.size(), 2);
  const std::string& spec = figures[0].spec;
  const auto count = [&](const std::string& what) {
    size_t found = 0;
    for (size_t at = spec.find(what); at != std::string::npos; at = spec.find(what, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count("\"series\":\"dense\""), 2);
  EXPECT_EQ(count("\"series\":\"magnitude\""), 2);
  const Page page = study_page(rows, "grid.toml");
  EXPECT_EQ(page.verdict.size(), 1);
  EXPECT_EQ(page.verdict[0].find("synthetic:3,6,80?spread=3, classes:2@0.2, method/keep: of "), 0);
  // Two sparsities, each as the networks decide and at the common operating point.
  EXPECT_EQ(page.sections.front().tables.size(), 4);
  EXPECT_EQ(page.sections.front().figures.size(), 2);
  EXPECT_EQ(page.sections[1].title, "How sure the differences are");
  study.sparsities = {0.5};
  EXPECT_TRUE(sparsity_curves(run_study(study)).empty());
}

}  // namespace
}  // namespace ncprune
