// The training rows and the test rows of one table, and the options of its columns.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ncprune/data/source.h"
#include "tests/data/folder.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

using Names = std::vector<std::string>;

// A table of 60 rows of two classes with gaps, words and a column that rows 20 and 21 change.
struct HeldOut {
  std::vector<std::string> rows;
  std::vector<bool> testing;  // which rows are for testing with seed 3

  std::string text() const {
    std::string all = "n,size,colour,flag,y\n";
    for (const std::string& row : rows) all += row + "\n";
    return all;
  }
};

HeldOut held_out(const Folder& folder) {
  HeldOut table;
  for (int i = 0; i < 60; ++i) {
    const bool gap = i % 7 == 3;
    table.rows.push_back(std::to_string(i * i) + "," + (gap ? "" : std::to_string(i * 37 % 50)) +
                         "," + (i % 3 == 0 ? "red" : "blue") + "," + (i % 2 == 0 ? "yes" : "no") +
                         "," + (i % 4 == 0 ? "rare" : "usual"));
  }
  table.testing.assign(60, false);
  const TrainTest data =
      load_data("csv:" + folder.write("split.csv", table.text()) + "?label=y", "", 3);
  for (int64_t t = 0; t < data.test.size(); ++t) {
    const auto square = data.test.inputs[t][0].item<double>();
    table.testing[static_cast<size_t>(std::lround(std::sqrt(square)))] = true;
  }
  return table;
}

TEST(TableParts, LearnsNothingFromTheRowsKeptForTesting) {
  const Folder folder;
  HeldOut table = held_out(folder);
  const auto load = [&](const std::string& text) {
    return load_data("csv:" + folder.write("t.csv", text) + "?label=y&unknown=bin", "", 3);
  };
  const TrainTest before = load(table.text());
  for (size_t i = 0; i < table.rows.size(); ++i) {
    if (!table.testing[i]) continue;
    const std::string label = table.rows[i].substr(table.rows[i].rfind(',') + 1);
    // Another median, other words and other gaps.
    table.rows[i] = ",1e6,pink,," + label;
  }
  const TrainTest after = load(table.text());
  EXPECT_EQ(before.test.size(), 12);
  ASSERT_TRUE(before.table && after.table);
  EXPECT_EQ(*after.table, *before.table);
  EXPECT_TRUE(after.train.inputs.equal(before.train.inputs));
  EXPECT_EQ(after.test.class_names, before.test.class_names);
}

TEST(TableParts, RefusesWhatOnlyTheRowsKeptForTestingHold) {
  const Folder folder;
  const HeldOut table = held_out(folder);
  const auto row = std::find(table.testing.begin(), table.testing.end(), true);
  const auto place = static_cast<size_t>(row - table.testing.begin());
  const auto error = [&](const std::string& cells) {
    HeldOut changed = table;
    changed.rows[place] = cells + changed.rows[place].substr(changed.rows[place].rfind(','));
    const std::string file = folder.write("t.csv", changed.text());
    return input_error([&] { load_data("csv:" + file + "?label=y", "", 3); }).substr(file.size());
  };
  const std::string line = " (rows kept for testing): line " + std::to_string(place + 2);
  EXPECT_EQ(error("1,2,pink,no"),
            line +
                ", column 'colour': 'pink' does not occur in the training data; unknown=bin "
                "accepts unknown words");
  EXPECT_EQ(error("x1,2,red,no"),
            line +
                ", column 'n': 'x1' is not a number; the training data hold only numbers there; "
                "onehot=n reads the cells as words, missing=x1 this one as missing");
}

TEST(TableParts, KeepsTheSameRowsForTestingInAnyOrderOfTheClasses) {
  const Folder folder;
  const std::string spec = "csv:" + folder.write("t.csv", held_out(folder).text()) + "?label=y";
  const TrainTest before = load_data(spec, "", 3);
  TableEncoding other = *before.table;
  std::swap(other.class_names[0], other.class_names[1]);
  const TrainTest after = load_data(spec, "", 3, {.table = other});
  EXPECT_TRUE(after.test.inputs.equal(before.test.inputs));
  EXPECT_TRUE(after.test.labels.equal(1 - before.test.labels));
}

TEST(TableParts, OrdersWordsAsTheUserSays) {
  const Folder folder;
  std::string text = "size,n,y\n";
  for (int i = 0; i < 30; ++i) {
    text += std::string(i % 3 == 0   ? "small"
                        : i % 3 == 1 ? "medium"
                                     : "large") +
            "," + std::to_string(i * 7 % 10) + (i % 2 == 0 ? ",c\n" : ",d\n");
  }
  const std::string file = folder.write("t.csv", text);
  const auto load = [&](const std::string& order, const DataReading& how = {}) {
    return load_data("csv:" + file + "?label=y&ordinal=" + order, "", 1, how);
  };
  const TrainTest data = load("size(small<medium<large<huge),n");
  ASSERT_TRUE(data.table.has_value());
  EXPECT_EQ(data.table->columns[0].words, (Names{"small", "medium", "large", "huge"}));
  EXPECT_EQ(data.table->columns[1].kind, ColumnKind::kOrdinal);
  EXPECT_EQ(load("size( small < medium<large <huge ),n").table, data.table);
  const auto error = [&](const std::string& order, const DataReading& how = {}) {
    const std::string message = input_error([&] { load(order, how); });
    return message.substr(message.find(": ") + 2);
  };
  EXPECT_EQ(error("size(small<large)"),
            "line 3, column 'size': 'medium' is not in ordinal=size(small<large); missing=medium "
            "reads it as missing");
  EXPECT_EQ(error("size(small<medium<small)"),
            "ordinal=size(small<medium<small): 'small' is named twice");
  EXPECT_EQ(error("size(small<)"),
            "ordinal=size(small<): an empty word; wanted COLUMN(WORD<WORD<...)");
  EXPECT_EQ(error("size(na<small)"),
            "ordinal=size(na<small): 'na' stands for a missing value and has no place");
  EXPECT_EQ(error("size(a<b),size(b<a)"), "ordinal=size(b<a): 'size' is given two orders");
  EXPECT_EQ(error("weight(a<b)"), "ordinal=weight: there is no column 'weight'");
  EXPECT_EQ(error("size(large<medium<small)", {.table = data.table}),
            "ordinal=size(large<medium<small): the network reads column 'size' as ordinal, "
            "small<medium<large<huge");
}

TEST(TableParts, HasNoWeightsOfSamples) {
  const Folder folder;
  const std::string spec =
      "csv:" + folder.write("t.csv", "a,w,y\n1,2,c\n3,4,d\n") + "?label=y&weight=w";
  EXPECT_EQ(input_error([&] { load_data(spec, "", 1); }),
            "'" + spec +
                "': weight=w: samples have no weights, every row counts once; ignore=w leaves the "
                "column out");
}

}  // namespace
}  // namespace ncprune
