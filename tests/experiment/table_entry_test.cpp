#include "ncprune/experiment/table_entry.h"

#include <gtest/gtest.h>

#include <functional>

#include "ncprune/onnx/onnx.h"
#include "tests/data/folder.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

// 20 rows of every class, with the columns in the order that `header` and `row` say.
std::string table(const std::string& header, const std::function<std::string(int)>& row) {
  std::string text = header + "\n";
  for (int i = 0; i < 40; ++i) text += row(i) + "\n";
  return text;
}

DataRequest request_for(const std::string& data) {
  DataRequest request;
  request.data = data;
  return request;
}

std::string word(int i) {
  return i % 3 == 0 ? "red" : "blue";
}
std::string label(int i) {
  return i % 2 == 0 ? "good" : "bad";
}
std::string size(int i) {
  return i == 7 ? "" : std::to_string(i * i % 11);
}

TEST(TableEntry, GivesAFurtherFileTheSameInputsAndClasses) {
  const Folder folder;
  const std::string first = folder.write("first.csv", table("size,colour,y", [](int i) {
                                           return size(i) + "," + word(i) + "," + label(i);
                                         }));
  // The same rows: other order of columns, a number more, and no row of 'good'.
  const std::string other = folder.write("other.csv", table("y;colour;extra;size", [](int i) {
                                           return "bad;" + word(i) + ";1;" + size(i);
                                         }));
  const PreparedData data = prepare_data(request_for("csv:" + first + "?label=y&test=" + first));
  const Network network = parse_onnx(onnx_bytes(make_network("mlp:4", data, 1)), "network");
  ASSERT_TRUE(network.metadata.other.contains(kTableEntry));
  const std::string all = "csv:" + first + "?ignore=extra&test=" + other;
  const PreparedData again = prepare_data(with_table_of(network, request_for(all), "network"));
  EXPECT_TRUE(again.test.inputs.equal(data.test.inputs));
  EXPECT_EQ(again.test.class_names, data.train.class_names);
  EXPECT_EQ(again.test.feature_names, data.train.feature_names);
  EXPECT_EQ(again.table, data.table);
}

TEST(TableEntry, IsLeftToNetworksOnTables) {
  const PreparedData data = prepare_data(request_for("synthetic:2,3,20"));
  const Network network = make_network("mlp:4", data, 1);
  EXPECT_FALSE(network.metadata.other.contains(kTableEntry));
  EXPECT_FALSE(with_table_of(network, {}, "n").table.has_value());
}

TEST(TableEntry, RefusesNetworksThatDisagreeAndDamage) {
  Network one;
  TableEncoding encoding{.label = "y", .class_names = {"c", "d"}, .columns = {{.name = "a"}}};
  one.metadata.other[kTableEntry] = table_encoding_text(encoding);
  encoding.columns.push_back({.name = "b"});
  Network two;
  two.metadata.other[kTableEntry] = table_encoding_text(encoding);
  const DataRequest request = with_table_of(one, {}, "one");
  EXPECT_EQ(request.table->columns.size(), 1U);
  EXPECT_EQ(with_table_of(one, request, "one").table, request.table);
  EXPECT_EQ(input_error([&] { with_table_of(two, request, "two"); }),
            "two: reads the columns of a table in another way than the networks before it");
  two.metadata.other[kTableEntry] = "[";
  EXPECT_NE(input_error([&] { with_table_of(two, {}, "two"); }).find("two: metadata entry"),
            std::string::npos);
}

}  // namespace
}  // namespace ncprune
