// How the columns of a table become inputs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "ncprune/data/date_word.h"
#include "ncprune/data/table_learning.h"
#include "ncprune/data/table_values.h"
#include "ncprune/data/table_warnings.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

using Texts = std::vector<std::string>;

TableEncoding learned(const std::string& text, const EncodingChoice& choice = {}) {
  CsvOptions options{.label = "y"};
  for (const std::string& name : choice.onehot) options.roles[name] = ColumnRole::kWords;
  for (const std::string& name : choice.ordinal) options.roles[name] = ColumnRole::kWords;
  return learn_table(parse_csv(text, options, "t"), options, choice, "t");
}

TableValues applied(const TableEncoding& encoding, const std::string& text,
                    bool bin_unknown = false) {
  const CsvOptions options{.label = "y", .missing = encoding.missing, .roles = roles_of(encoding)};
  return encode(parse_csv(text, options, "u"), encoding, bin_unknown, "u");
}

std::string refusal(const std::string& text, const EncodingChoice& choice = {}) {
  return input_error([&] { learned(text, choice); });
}

std::string rows(int count, const std::function<std::string(int)>& row) {
  std::string text;
  for (int i = 0; i < count; ++i) text += row(i) + "\n";
  return text;
}

TEST(TableEncoding, MakesAnInputOfEveryWord) {
  const std::string text = "a,colour,y\n1,red,c\n2,blue,d\n3,red,c\n";
  const TableEncoding encoding = learned(text);
  EXPECT_EQ(feature_names(encoding), (Texts{"a", "colour=blue", "colour=red"}));
  const TableValues values = applied(encoding, text);
  EXPECT_EQ(values.inputs, (std::vector<float>{1, 0, 1, 2, 1, 0, 3, 0, 1}));
  EXPECT_EQ(values.labels, (std::vector<int64_t>{0, 1, 0}));
}

TEST(TableEncoding, FindsColumnsByName) {
  const TableEncoding encoding = learned("a,colour,y\n1,red,c\n2,blue,d\n");
  EXPECT_EQ(applied(encoding, "y,colour,a\nd,red,5\n").inputs, (std::vector<float>{5, 0, 1}));
  const auto error = [&](const std::string& text) {
    return input_error([&] { applied(encoding, text); });
  };
  EXPECT_EQ(error("y,a\nc,1\n"), "u: no column 'colour', which the training data have");
  EXPECT_EQ(error("y,a,colour,z\nc,1,red,1\n"),
            "u: column 'z' does not occur in the training data; ignore=z leaves it out");
  EXPECT_EQ(error("y,a,colour\nc,1,red\n\nc,1,pink\n"),
            "u: line 4, column 'colour': 'pink' does not occur in the training data; unknown=bin "
            "accepts unknown words");
  EXPECT_EQ(error("y,a,colour\nc,big,red\n"), "u: line 2, column 'a': 'big' is not a number");
  EXPECT_EQ(error("y,a,colour\ne,1,red\n"),
            "u: line 2: label 'e' does not occur in the training data");
}

TEST(TableEncoding, PutsTheMedianIntoGapsAndTellsThem) {
  const std::string text = "a,b,y\n1,1,c\n,2,c\n5,3,c\n4,4,c\n9,5,c\n";
  const TableEncoding encoding = learned(text);
  EXPECT_EQ(feature_names(encoding), (Texts{"a", "a missing", "b"}));
  const TableValues values = applied(encoding, text);
  // The lower median of 1, 4, 5, 9.
  EXPECT_EQ(std::vector<float>(values.inputs.begin(), values.inputs.begin() + 6),
            (std::vector<float>{1, 0, 1, 4, 1, 2}));
  // The training file has no gap in b: its median comes without an input that tells.
  EXPECT_EQ(applied(encoding, "a,b,y\n7,NA,c\n").inputs, (std::vector<float>{7, 0, 3}));
}

TEST(TableEncoding, GivesMissingWordsAnInputOrTheMostFrequentWord) {
  const std::string body = "red,red,c\nblue,red,c\nred,blue,c\n";
  const TableEncoding encoding = learned("a,b,y\n" + body + ",red,c\n");
  EXPECT_EQ(feature_names(encoding), (Texts{"a=blue", "a=red", "a missing", "b=blue", "b=red"}));
  EXPECT_EQ(applied(encoding, "a,b,y\n?,?,c\n").inputs, (std::vector<float>{0, 0, 1, 0, 1}));
}

TEST(TableEncoding, ReadsBooleans) {
  const std::string text = "a,b,y\nTrue,yes,c\nFALSE,no,c\ntrue,,c\n";
  const TableEncoding encoding = learned(text);
  EXPECT_EQ(feature_names(encoding), (Texts{"a", "b", "b missing"}));
  EXPECT_EQ(applied(encoding, text).inputs, (std::vector<float>{1, 1, 0, 0, 0, 0, 1, 0, 1}));
  EXPECT_EQ(learned("a,y\nyes,c\ntrue,c\n").columns[0].kind, ColumnKind::kOnehot);
}

TEST(TableEncoding, NumbersOrdinalWordsAndTakesNumbersForWords) {
  const std::string text = "grade,zip,y\nb,10,c\na,9,c\nc,10,c\n";
  const TableEncoding encoding = learned(text, {.onehot = {"zip"}, .ordinal = {"grade"}});
  EXPECT_EQ(feature_names(encoding), (Texts{"grade", "zip=9", "zip=10"}));
  EXPECT_EQ(applied(encoding, text).inputs, (std::vector<float>{1, 0, 1, 0, 1, 0, 2, 0, 1}));
}

TEST(TableEncoding, SharesAnInputAmongRareAndUnknownWordsOnRequest) {
  const std::string text = "a,y\nr,c\nr,c\ns,c\ns,c\nt,c\nu,c\n";
  const TableEncoding encoding = learned(text, {.bin_unknown = true});
  EXPECT_EQ(feature_names(encoding), (Texts{"a=r", "a=s", "a other"}));
  EXPECT_EQ(applied(encoding, "a,y\ns,c\nt,c\nnew,c\n").inputs,
            (std::vector<float>{0, 1, 0, 0, 0, 1, 0, 0, 1}));
  // No word is rare: an unknown one is none of the words.
  const TableEncoding full = learned("a,y\nr,c\nr,c\n", {.bin_unknown = true});
  EXPECT_EQ(applied(full, "a,y\nnew,c\n", true).inputs, std::vector<float>{0});
  const std::string many = "a,y\n" + rows(300, [](int i) { return fmt::format("w{},c", i % 100); });
  EXPECT_EQ(feature_names(learned(many, {.bin_unknown = true})).size(), kMaxOneHotWords + 1);
}

TEST(TableEncoding, RefusesColumnsByNameWithTheOptionThatHelps) {
  const std::string ids = "id,y\n" + rows(30, [](int i) { return fmt::format("P{:03},c", i); });
  EXPECT_EQ(refusal(ids),
            "t: column 'id' holds a different word in nearly every row, as ids do, such as 'P000' "
            "in line 2; ignore=id leaves it out");
  const std::string many = "a,y\n" + rows(300, [](int i) { return fmt::format("w{},c", i % 100); });
  EXPECT_NE(refusal(many).find("column 'a' holds 100 different words, more than 64; ignore=a"),
            std::string::npos);
  EXPECT_EQ(feature_names(learned(many, {.onehot = {"a"}})).size(), 100U);
  EXPECT_EQ(feature_names(learned(many, {.ordinal = {"a"}})), Texts{"a"});
  EXPECT_NE(refusal("when,y\n2021-03-04,c\n,c\n2021-03-05,c\n").find("column 'when' holds dates"),
            std::string::npos);
  EXPECT_NE(refusal("a,b,y\n1,,c\n2,NA,c\n").find("column 'b' has no values; ignore=b"),
            std::string::npos);
}

TEST(TableEncoding, TakesASingleWordAmongNumbersForAMistake) {
  EXPECT_EQ(refusal("a,y\n1,c\n2,c\nx1,c\n"),
            "t: line 4, column 'a': 'x1' is not a number; onehot=a reads the cells as words, "
            "missing=x1 this one as missing");
  EXPECT_NE(refusal("a,y\n1,c\ninf,c\n").find("'inf' is not a finite number"), std::string::npos);
  EXPECT_NE(refusal("a,y\n\"1,5\",c\n\"2,5\",c\n").find("decimal=, reads decimal commas"),
            std::string::npos);
  const TableEncoding several = learned("a,y\n0,c\n1,c\n2,c\n0,c\n1,c\n3+,c\n3+,c\n");
  EXPECT_EQ(feature_names(several), (Texts{"a=0", "a=1", "a=2", "a=3+"}));
}

TEST(TableEncoding, WarnsOfAColumnThatOnlyCounts) {
  const auto warnings = [](const std::function<int(int)>& id) {
    const std::string text = "id,y\n" + rows(20, [&](int i) { return fmt::format("{},c", id(i)); });
    return table_warnings(parse_csv(text, {.label = "y"}, "t"), {}, "t");
  };
  EXPECT_EQ(warnings([](int i) { return i + 1; }),
            Texts{"t: column 'id' only counts the rows; ignore=id leaves it out"});
  EXPECT_EQ(warnings([](int i) { return 100 + 7 * i % 20; }).size(), 1U);
  EXPECT_TRUE(warnings([](int i) { return 2 * i; }).empty());
  EXPECT_TRUE(warnings([](int i) { return i == 5 ? 4 : i; }).empty());
}

TEST(TableEncoding, IsItsText) {
  const TableEncoding encoding =
      learned("a,b,c,d,y\n0.1,red,yes,x,\"c \"\"1\"\"\"\n,blue,no,z,d\n-7e20,,yes,z,d\n",
              {.ordinal = {"d"}, .bin_unknown = true});
  EXPECT_EQ(parse_table_encoding(table_encoding_text(encoding), "t"), encoding);
}

TEST(TableEncoding, RefusesADamagedText) {
  const std::string good = table_encoding_text(learned("a,b,y\n1,r,c\n2,s,d\n"));
  const auto error = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return input_error([&] { parse_table_encoding(text, "t"); });
  };
  EXPECT_EQ(error("\"version\":1", "\"version\":2"),
            "t: the encoding of a table has an unknown version");
  EXPECT_NE(error("\"name\":\"b\"", "\"name\":\"a\"").find("occurs twice"), std::string::npos);
  EXPECT_NE(error("onehot", "twohot").find("unknown kind"), std::string::npos);
  EXPECT_NE(error("\"usual\":0.0,\"gaps\":false,\"other\"", "\"usual\":2,\"gaps\":false,\"other\"")
                .find("usual value"),
            std::string::npos);
  EXPECT_NE(error("\"usual\":1.0", "\"usual\":1e60").find("usual value"), std::string::npos);
  EXPECT_NE(error("[\"c\",\"d\"]", "[\"c\",\"c\"]").find("class that occurs twice"),
            std::string::npos);
  EXPECT_NE(error("\"gaps\":false", "\"gaps\":3").find("JSON"), std::string::npos);
  EXPECT_NE(error("{", "").find("JSON"), std::string::npos);
}

TEST(DateWord, KnowsDatesFromOtherWords) {
  for (const char* word : {"2021-03-04", "4/3/21", "04.03.2021", "01.02.21", "10:30", "7:05:59",
                           "10:30 PM", "2021-03-04T10:30:00Z", "2021-03-04 10:30:00.5+02:00",
                           "4 Mar 2021", "March 4, 2021", "12-Jan-2020"}) {
    EXPECT_TRUE(is_date_word(word)) << word;
  }
  for (const char* word : {"", "20-30", "1.2.3", "192.168.1.1", "123-45-6789", "Jan", "red", "a:bb",
                           "May 5", "1.5", "10+ years", "2021"}) {
    EXPECT_FALSE(is_date_word(word)) << word;
  }
}

}  // namespace
}  // namespace ncprune
