#include <gtest/gtest.h>

#include "ncprune/data/csv.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

using Texts = std::vector<std::string>;

std::string error_of(const std::string& bytes, const std::string& label = "y") {
  return input_error([&] { parse_csv(bytes, label, "t"); });
}

TEST(CsvReader, ReadsFeaturesLabelsAndLines) {
  const CsvTable table = parse_csv("a,y,b\n1,cat,2.5\n-3e-2,dog,4\n", "y", "t");
  EXPECT_EQ(table.features, (Texts{"a", "b"}));
  EXPECT_EQ(table.values, (std::vector<float>{1, 2.5, -0.03F, 4}));
  EXPECT_EQ(table.labels, (Texts{"cat", "dog"}));
  EXPECT_EQ(table.lines, (std::vector<int64_t>{2, 3}));
}

TEST(CsvReader, FollowsRfc4180) {
  const CsvTable table =
      parse_csv("\"a,1\",\"y\"\"\"\r\n\"1\",\"two\r\nlines, \"\"quoted\"\"\"\r\n2,z", "y\"", "t");
  EXPECT_EQ(table.features, Texts{"a,1"});
  EXPECT_EQ(table.labels, (Texts{"two\r\nlines, \"quoted\"", "z"}));
  EXPECT_EQ(table.lines, (std::vector<int64_t>{2, 4}));
}

TEST(CsvReader, SkipsByteOrderMarkBlanksAndEmptyLines) {
  const CsvTable table = parse_csv("\xEF\xBB\xBF y ,\ta\n\n c , 1 \r\n\r\n", "y", "t");
  EXPECT_EQ(table.features, Texts{"a"});
  EXPECT_EQ(table.labels, Texts{"c"});
  EXPECT_EQ(table.lines, std::vector<int64_t>{3});
}

TEST(CsvReader, ListsTheColumnsWhenTheLabelIsNotAmongThem) {
  EXPECT_EQ(error_of("a,b\n1,2\n", "class"), "t: no column 'class'; the columns are: a, b");
  EXPECT_EQ(error_of("a,b\n1,2\n", ""), "t: no label column was named; the columns are: a, b");
  EXPECT_EQ(error_of("y,a,y\n1,2,3\n"), "t: line 1: two columns are called 'y'");
}

TEST(CsvReader, NamesLineAndColumnOfABadCell) {
  EXPECT_EQ(error_of("a,y\n1,c\nx1,c\n"), "t: line 3, column 'a': 'x1' is not a number");
  EXPECT_EQ(error_of("a,y\n1 2,c\n"), "t: line 2, column 'a': '1 2' is not a number");
  EXPECT_EQ(error_of("a,y\n,c\n"), "t: line 2, column 'a': there is no value; wanted a number");
  EXPECT_EQ(error_of("a,y\n1,\n"), "t: line 2, column 'y': there is no label");
  EXPECT_EQ(error_of("a,y\nnan,c\n"), "t: line 2, column 'a': 'nan' is not a finite number");
  EXPECT_EQ(error_of("a,y\n-inf,c\n"), "t: line 2, column 'a': '-inf' is not a finite number");
  EXPECT_EQ(error_of("a,y\n1e39,c\n"), "t: line 2, column 'a': '1e39' does not fit a 32-bit float");
  EXPECT_EQ(error_of("a,y\n1e999,c\n"),
            "t: line 2, column 'a': '1e999' does not fit a 32-bit float");
}

TEST(CsvReader, NamesTheLineWithTheWrongNumberOfCells) {
  EXPECT_EQ(error_of("a,y\n1,c\n1,c,\n"), "t: line 3: 3 cells; the header has 2");
  EXPECT_EQ(error_of("a,y\n\"\n\",c\n1\n"), "t: line 2, column 'a': '\\x0a' is not a number");
  EXPECT_EQ(error_of("a,y\n1\n"), "t: line 2: 1 cells; the header has 2");
}

TEST(CsvReader, RefusesDamagedQuotes) {
  EXPECT_EQ(error_of("a,y\n1,\"c\n2,d\n"), "t: line 2: a quote is not closed");
  EXPECT_EQ(error_of("a,y\n1,\"c\"d\n"), "t: line 2: text after a closing quote");
  EXPECT_EQ(error_of("a,y\n1,c\"d\n"), "t: line 2: a quote inside the unquoted cell 'c\"d'");
}

TEST(CsvReader, RefusesATableWithNothingInIt) {
  EXPECT_EQ(error_of(""), "t: empty; wanted a line of column names");
  EXPECT_EQ(error_of("\n\r\n"), "t: empty; wanted a line of column names");
  EXPECT_EQ(error_of("a,y\n"), "t: a header without rows");
  EXPECT_EQ(error_of("y\nc\n"), "t: line 1: 'y' is the only column; no features to learn from");
}

TEST(CsvReader, KeepsMessagesShort) {
  EXPECT_LT(error_of("a,y\n" + std::string(100000, 'x') + ",c\n").size(), 200U);
  std::string header = "c0";
  for (int i = 1; i < 1000; ++i) header += ",c" + std::to_string(i);
  const std::string message = error_of(header + "\n");
  EXPECT_NE(message.find("c39, ... (1000 in all)"), std::string::npos) << message;
}

}  // namespace
}  // namespace ncprune
