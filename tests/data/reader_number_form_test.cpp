// Tables as people have them: other forms of numbers, no header, trailing separators.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "ncprune/data/plain_number.h"
#include "ncprune/data/table_learning.h"
#include "ncprune/data/table_warnings.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

using Texts = std::vector<std::string>;

// 80 rows, every fourth of class d.
std::string rows(const std::function<std::string(int)>& cell, const std::string& header = "a;y") {
  std::string text = header + "\n";
  for (int i = 0; i < 80; ++i) text += cell(i) + (i % 4 == 0 ? ";d\n" : ";c\n");
  return text;
}

std::string refusal(const std::string& text, CsvOptions options = {}) {
  options.label = "y";
  return input_error([&] { learn_table(parse_csv(text, options, "t"), options, {}, "t"); });
}

std::vector<EncodedColumn> learned(const std::string& text, CsvOptions options = {}) {
  options.label = "y";
  return learn_table(parse_csv(text, options, "t"), options, {}, "t").columns;
}

std::vector<float> numbers(const std::string& cells, CsvOptions options = {}) {
  options.label = "y";
  return parse_csv("a;y\n" + cells + ";c\n", options, "t").columns[0].numbers;
}

TEST(NumberForm, LeavesOutUnitsAndSeparators) {
  const auto value = [](const std::string& cell, const NumberForm& form) {
    const CellNumber number = parse_cell(cell, form);
    return number.problem == nullptr ? fmt::format("{}", number.value) : number.problem;
  };
  const NumberForm english{.thousands = ',', .units = {"%", "$", "kg"}};
  EXPECT_EQ(value("1,234,567.5", english), "1234567.5");
  EXPECT_EQ(value("-1,234", english), "-1234");
  EXPECT_EQ(value("12", english), "12");
  EXPECT_EQ(value("48.5 %", english), "48.5");
  EXPECT_EQ(value("-$1,000", english), "-1000");
  EXPECT_EQ(value("$-5", english), "-5");
  EXPECT_EQ(value("3 kg", english), "3");
  EXPECT_EQ(value("1e3", english), "1000");
  for (const char* wrong : {"1,23", "1,2345", ",123", "1234,567", "1,234,", "1.5,000", "%", "--5",
                            "5%%", "$-$5", "", "1,,234", "0,123"}) {
    EXPECT_EQ(value(wrong, english), "is not a number") << wrong;
  }
  EXPECT_EQ(value("-inf", english), "is not a finite number");
  EXPECT_EQ(value("1.234.567,5", {.decimal = ',', .thousands = '.'}), "1234567.5");
  EXPECT_EQ(value("12'345", {.thousands = '\''}), "12345");
  EXPECT_EQ(value("12\xC2\xA0"
                  "345 678",
                  {.thousands = ' '}),
            "12345678");
  EXPECT_EQ(value("\xE2\x88\x92"
                  "1.5",
                  {}),
            "-1.5");
}

TEST(NumberForm, IsNamedWhenAColumnNeedsIt) {
  const auto thousands = [](int i) { return fmt::format("{}.{:03},5", i + 1, i); };
  EXPECT_EQ(refusal(rows(thousands)),
            "t: column 'a' holds numbers in another form, such as '1.000,5' in line 2; "
            "thousands=.&decimal=, reads it as 1000.5, onehot=a takes the cells as words");
  EXPECT_EQ(refusal(rows([](int i) { return fmt::format("{:.1f}%", 0.3 * i); })),
            "t: column 'a' holds numbers in another form, such as '0.0%' in line 2; units=% reads "
            "it as 0, onehot=a takes the cells as words");
  EXPECT_EQ(learned(rows(thousands), {.decimal = ',', .thousands = '.'})[0].kind,
            ColumnKind::kNumber);
  EXPECT_EQ(refusal(rows([](int i) { return fmt::format("1,{:03}", i); }), {.decimal = '.'}),
            "t: column 'a' holds numbers in another form, such as '1,000' in line 2; thousands=, "
            "reads it as 1000, decimal=, as 1, onehot=a takes the cells as words");
  EXPECT_NE(refusal(rows([](int i) { return fmt::format("0,{:03}", i); }), {.decimal = '.'})
                .find("decimal=, reads decimal commas"),
            std::string::npos);
  EXPECT_EQ(numbers("1.000,5", {.thousands = '.'}), std::vector<float>{1000.5F});
  EXPECT_EQ(numbers("7,5 \xE2\x82\xAC", {.decimal = ',', .units = {"\xE2\x82\xAC"}}),
            std::vector<float>{7.5F});
  // Ids, and few words with a unit.
  EXPECT_NE(refusal(rows([](int i) { return fmt::format("B{}", i); })).find("as ids do"),
            std::string::npos);
  EXPECT_NE(refusal(rows([](int i) { return fmt::format("{:04} kg", i); })).find("as ids do"),
            std::string::npos);
  EXPECT_EQ(learned(rows([](int i) { return fmt::format("{} mm", i % 5); }))[0].words.size(), 5U);
}

TEST(TableEncoding, NamesAllColumnsWithoutValues) {
  EXPECT_EQ(refusal("a;b;c;y\n;1;NA;c\n;2;;d\n"),
            "t: columns 'a', 'c' have no values; ignore=a,c leaves them out");
}

TEST(CsvTable, TakesRowsThatEndWithASeparator) {
  const CsvTable named = parse_csv("a;y;\n1;c;\n2;d;\n", {.label = "y"}, "t");
  EXPECT_TRUE(named.columns[2].ignored);
  EXPECT_NE(named.notes.back().find("column 3"), std::string::npos);
  EXPECT_FALSE(parse_csv("a;y;\n1;c;\n2;d;5\n", {.label = "y"}, "t").columns[2].ignored);
  EXPECT_EQ(parse_csv("a;y\n1;c;\n2;d;\n", {.label = "y"}, "t").rows, 2);
  EXPECT_NE(input_error([] {
              parse_csv("a;y\n1;c;\n2;d\n", {.label = "y"}, "t");
            }).find("line 3: 2 cells; the header has 2"),
            std::string::npos);
  EXPECT_NE(input_error([] {
              parse_csv("a;y\n1;c;5\n", {.label = "y"}, "t");
            }).find("line 2: 3 cells; the header has 2"),
            std::string::npos);
}

TEST(CsvTable, ReadsTheSeparatorLineOfExcel) {
  const CsvTable table = parse_csv("sep=;\r\na;b,c;y\r\n1;2;c\r\n", {.label = "y"}, "t");
  ASSERT_EQ(table.columns.size(), 3U);
  EXPECT_EQ(table.columns[1].name, "b,c");
  EXPECT_EQ(table.columns[2].words[0].line, 3);
  EXPECT_NE(input_error([] { parse_csv("sep=;\n", {.label = "y"}, "t"); }).find("t: empty"),
            std::string::npos);
}

TEST(CsvTable, NamesColumnsByPlaceWithoutAHeader) {
  const CsvTable table =
      parse_csv("1;c\n2;d\n", {.label = "column 2", .separator = ';', .header = false}, "t");
  EXPECT_EQ(table.rows, 2);
  EXPECT_EQ(table.columns[0].name, "column 1");
  EXPECT_EQ(table.label, 1U);
}

TEST(TableWarnings, NameLabelsAndIdsThatMayBeMistakes) {
  const auto warnings = [](const std::string& text) {
    return table_warnings(parse_csv(text, {.label = "y"}, "t"), {"NA"}, "t");
  };
  EXPECT_EQ(warnings("a;y\n1;1\n2;1.0\n3;2\n"),
            Texts{"t: the labels '1' (line 2) and '1.0' (line 3) are different classes"});
  EXPECT_EQ(warnings("a;y\n1;Good\n2;good\n"),
            Texts{"t: the labels 'Good' (line 2) and 'good' (line 3) are different classes"});
  EXPECT_EQ(warnings("a;y\n1;na\n2;d\n"),
            Texts{"t: line 2: the label 'na' is taken as a class, not as a missing label"});
  EXPECT_EQ(warnings("a;y\n1;c\n2;y\n"),
            Texts{"t: line 3: the label 'y' is also the name of its column; header=none reads the "
                  "first line as a row"});
  EXPECT_EQ(warnings(rows([](int i) { return std::to_string(1'600'000'000 + 77 * i); })),
            Texts{"t: column 'a' holds whole numbers above 16777216, as ids, which 32-bit floats "
                  "round; ignore=a leaves it out"});
  EXPECT_TRUE(warnings("a;y\n1;c\n2;d\n").empty());
  const auto prices = [](int i) {
    return i % 2 == 0 ? std::to_string(100 + i) : fmt::format("{}.{:03}", i, 7 * i);
  };
  EXPECT_EQ(warnings(rows(prices)),
            Texts{"t: column 'a' holds whole numbers below 1000 and numbers with exactly three "
                  "digits after the mark, which is read as a decimal mark; thousands=. reads it as "
                  "a thousands separator"});
  EXPECT_TRUE(warnings(rows([](int i) { return fmt::format("{:.3f}", 1 + 0.1 * i); })).empty());
  EXPECT_TRUE(warnings(rows([&](int i) { return i == 9 ? "1.5" : prices(i); })).empty());
}

}  // namespace
}  // namespace ncprune
