#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ncprune/data/csv.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

using Texts = std::vector<std::string>;

std::string error_of(const std::string& bytes, const std::string& label = "y") {
  return input_error([&] { parse_csv(bytes, {.label = label}, "t"); });
}

CsvTable read(const std::string& text, CsvOptions options = {}) {
  if (options.label.empty()) options.label = "y";
  return parse_csv(text, options, "t");
}

const CsvColumn& column(const CsvTable& table, const std::string& name) {
  return *std::find_if(table.columns.begin(), table.columns.end(),
                       [&](const CsvColumn& c) { return c.name == name; });
}

// The words of a column's cells in order; "-" where the value is missing.
Texts cells(const CsvTable& table, const std::string& name) {
  const CsvColumn& own = column(table, name);
  Texts texts;
  for (const uint32_t cell : own.cells) {
    texts.push_back(cell == CsvColumn::kMissing ? "-" : own.words[cell].text);
  }
  return texts;
}

TEST(CsvReader, ReadsNumbersWordsAndLines) {
  const CsvTable table = read("a,y,b\n1,cat,x\n-3e-2,dog,4\n+2,cat,x\n");
  EXPECT_EQ(table.rows, 3);
  EXPECT_EQ(table.label, 1U);
  EXPECT_EQ(column(table, "a").numbers, (std::vector<float>{1, -0.03F, 2}));
  EXPECT_EQ(cells(table, "y"), (Texts{"cat", "dog", "cat"}));
  EXPECT_EQ(cells(table, "b"), (Texts{"x", "4", "x"}));
  EXPECT_EQ(column(table, "b").words[0].count, 2);
  EXPECT_EQ(column(table, "b").words[1].line, 3);
}

TEST(CsvReader, ReadsAColumnAsWordsWhenAWordComesLate) {
  const CsvTable table = read("a,b,y\n1.0,NA,c\n,,c\n01,?,c\nred,red,c\n");
  EXPECT_EQ(cells(table, "a"), (Texts{"1.0", "-", "01", "red"}));
  EXPECT_EQ(cells(table, "b"), (Texts{"-", "-", "-", "red"}));
  EXPECT_EQ(column(table, "a").missing, 1);
  EXPECT_EQ(column(table, "b").missing, 3);
  EXPECT_EQ(table.rows, 4);
}

TEST(CsvReader, TakesTheUsualTokensForMissing) {
  const CsvTable table = read("a,y\n1,c\n,c\nNA,c\nn/a,c\nNaN,c\nNULL,c\n?,c\n\" \",c\n");
  EXPECT_EQ(column(table, "a").missing, 7);
  EXPECT_TRUE(std::isnan(column(table, "a").numbers[1]));
  const CsvTable own = read("a,y\n1,c\n-999.0,c\nleft out,c\n", {.missing = {"-999", "LEFT OUT"}});
  EXPECT_EQ(column(own, "a").missing, 2);
}

TEST(CsvReader, FollowsRfc4180) {
  const std::string text = "\"a,1\",\"y\"\"\"\r\n\"1\",\"two\r\nlines, \"\"quoted\"\"\"\r\n2,z";
  const CsvTable table = read(text, {.label = "y\""});
  EXPECT_EQ(column(table, "a,1").numbers, (std::vector<float>{1, 2}));
  EXPECT_EQ(cells(table, "y\""), (Texts{"two\r\nlines, \"quoted\"", "z"}));
  EXPECT_EQ(table.columns[1].words[1].line, 4);
}

TEST(CsvReader, SkipsBlanksAndEmptyLines) {
  const CsvTable table = read(" y ,\ta\n\n c , 1 \r\n\r\n \"d\" ,\" 2 \"\n,\n");
  EXPECT_EQ(column(table, "a").numbers, (std::vector<float>{1, 2}));
  EXPECT_EQ(cells(table, "y"), (Texts{"c", "d"}));
  EXPECT_EQ(table.columns[0].words[0].line, 3);
}

TEST(CsvReader, FindsTheSeparator) {
  for (const char separator : {',', ';', '\t', '|'}) {
    std::string text = "a/y\n1/c\n";
    std::replace(text.begin(), text.end(), '/', separator);
    EXPECT_EQ(column(read(text), "a").numbers, std::vector<float>{1}) << separator;
  }
  // The separator with which the label is a column, whatever else the header contains.
  EXPECT_EQ(read("size, in cm, or m;y\n1;c\n").columns[0].name, "size, in cm, or m");
  EXPECT_EQ(read("a;b;c,y\n1,c\n").columns[0].name, "a;b;c");
  EXPECT_EQ(read("a,b;y\n1,c\n", {.label = "b;y", .separator = ','}).columns.size(), 2U);
}

TEST(CsvReader, FindsDecimalCommasWhereTheyAreUnambiguous) {
  EXPECT_EQ(column(read("a;y\n1,5;c\n2;c\n"), "a").numbers, (std::vector<float>{1.5, 2}));
  EXPECT_TRUE(column(read("a;b;y\n1,5;0.5;c\n"), "a").numbers.empty());
  EXPECT_EQ(column(read("a,y\n\"1,5\",c\n", {.decimal = ','}), "a").numbers,
            std::vector<float>{1.5});
}

TEST(CsvReader, SkipsComments) {
  const CsvTable first = read("# by me\n#\na,y\n1,c\n");
  EXPECT_EQ(first.columns[0].name, "a");
  EXPECT_EQ(first.notes, Texts{"has 2 comments before the header, which are skipped"});
  EXPECT_EQ(read("# by me\n# a, y\n1,c\n2,d\n").rows, 2);
  EXPECT_EQ(read("% by me\na,y\n% half\n1,c\n", {.comment = "%"}).rows, 1);
  EXPECT_EQ(error_of("a,b,y\n# half\n"),
            "t: line 2: 1 cells; the header has 3 (comment=# skips the lines that begin with #)");
}

TEST(CsvReader, FindsTheLabelByNameOrPlace) {
  EXPECT_EQ(read("a,y,b\n1,2,3\n", {.label = "last"}).label, 2U);
  EXPECT_EQ(read("a,y,b\n1,2,3\n", {.label = "first"}).label, 0U);
  EXPECT_EQ(read("a,last,b\n1,2,3\n", {.label = "last"}).label, 1U);
}

TEST(CsvReader, NamesEveryColumnOnce) {
  const CsvTable table = read(",y,a,a,a\n1,c,1,1,1\n");
  Texts names;
  for (const CsvColumn& c : table.columns) names.push_back(c.name);
  EXPECT_EQ(names[0], "column 1");
  EXPECT_EQ(names[2], "a");
  EXPECT_NE(names[3], names[4]);
  EXPECT_NE(names[3], "a");
}

TEST(CsvReader, ListsTheColumnsWhenTheLabelIsNotAmongThem) {
  EXPECT_EQ(error_of("a,b\n1,2\n", "class"), "t: no column 'class'; the columns are: a, b");
  EXPECT_EQ(error_of("a,b\n1,2\n", ""), "t: no label column was named; the columns are: a, b");
  EXPECT_EQ(error_of("y,a,y\n1,2,3\n"), "t: line 1: two columns are called 'y'");
}

TEST(CsvReader, NamesLineAndColumnOfABadCell) {
  const auto error = [](const std::string& text) {
    const CsvOptions options{.label = "y", .roles = {{"a", ColumnRole::kNumber}}};
    return input_error([&] { parse_csv(text, options, "t"); });
  };
  EXPECT_EQ(error("a,y\n1,c\nx1,c\n"), "t: line 3, column 'a': 'x1' is not a number");
  EXPECT_EQ(error("a,y\n1 2,c\n"), "t: line 2, column 'a': '1 2' is not a number");
  EXPECT_EQ(error("a,y\n\"1,5\",c\n"),
            "t: line 2, column 'a': '1,5' is not a number (decimal=, reads decimal commas)");
  EXPECT_EQ(error("a,y\n+-1,c\n"), "t: line 2, column 'a': '+-1' is not a number");
  EXPECT_EQ(error("a,y\n-inf,c\n"), "t: line 2, column 'a': '-inf' is not a finite number");
  EXPECT_EQ(error("a,y\n1e39,c\n"), "t: line 2, column 'a': '1e39' does not fit a 32-bit float");
  EXPECT_EQ(error("a,y\n1e999,c\n"), "t: line 2, column 'a': '1e999' does not fit a 32-bit float");
  EXPECT_EQ(error_of("a,y\n1,\n"), "t: line 2, column 'y': there is no label");
}

TEST(CsvReader, NamesTheLineWithTheWrongNumberOfCells) {
  EXPECT_EQ(error_of("a,y\n1,c\n1,c,\n"), "t: line 3: 3 cells; the header has 2");
  EXPECT_EQ(error_of("a,y\n\"\n\",c\n1\n"), "t: line 4: 1 cells; the header has 2");
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
  EXPECT_LT(error_of("a,y\n" + std::string(100000, 'x') + "\",c\n").size(), 200U);
  std::string header = "c0";
  for (int i = 1; i < 1000; ++i) header += ",c" + std::to_string(i);
  const std::string message = error_of(header + "\n");
  EXPECT_NE(message.find("c39, ... (1000 in all)"), std::string::npos) << message;
}

}  // namespace
}  // namespace ncprune
