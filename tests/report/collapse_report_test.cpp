#include "ncprune/report/collapse_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/small_network.h"

namespace ncprune {
namespace {

CollapseResult measured(const std::string& name, const std::string& architecture,
                        const Dataset& data) {
  return {name, measure_collapse(network_for(data, architecture), data)};
}

TEST(CollapseReport, ALayerThatANetworkLacksIsADash) {
  const Dataset data = gaussian_data({9, 6, 4}, 5);
  const ClassInfo classes{{"a", "b", "c"}, {9, 6, 4}, {}};
  const std::vector<CollapseResult> results{measured("deep", "mlp:6,5", data),
                                            measured("flat", "mlp:6", data)};
  const std::vector<Table> tables = collapse_tables("title", classes, results);
  const auto& nc1 = tables[0].rows;
  EXPECT_NE(nc1[0][2], "-");
  EXPECT_EQ(nc1[1][2], "-");
  EXPECT_EQ(nc1[1][1], decimal(results[0].collapse.layers[1].nc1));
  EXPECT_EQ(tables[1].rows[1][2], "-");
  for (const Table& table : tables) {
    for (const auto& row : table.rows) {
      EXPECT_TRUE(row.empty() || row.size() == table.header.size());
    }
  }
}

TEST(CollapseReport, ClassesThatCannotBeMeasuredAreNamed) {
  const Dataset data = gaussian_data({9, 0, 1, 1}, 5);
  const ClassInfo classes{{"a", "b", "c", "d"}, {}, {}};
  const CollapseResult result = measured("it", "mlp:6", data);
  const std::string notes = collapse_notes(classes, result.collapse);
  EXPECT_NE(notes.find("without samples: b\n"), std::string::npos) << notes;
  EXPECT_NE(notes.find(": c, d\n"), std::string::npos) << notes;
  EXPECT_EQ(collapse_tables("", classes, {result})[2].rows[1][1], "-");
  // A value that is not a number is null in the file.
  const std::string json = json_text(collapse_json(result.collapse, result.collapse));
  EXPECT_TRUE(Json::parse(json)["layers"][0]["class_nc1"][1].is_null()) << json;
  EXPECT_EQ(collapse_notes(classes, {.counts = {2, 2, 2, 2}, .layers = {}, .head = {}}), "");
}

}  // namespace
}  // namespace ncprune
