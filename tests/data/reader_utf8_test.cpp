#include <gtest/gtest.h>

#include "ncprune/data/utf8.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

using namespace std::string_literals;

std::string text_of(const std::string& bytes) {
  return decode_text(bytes, "t").text;
}

TEST(DecodeText, LeavesUtf8AndDropsItsByteOrderMark) {
  const std::string text = "a b c d e f gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80";
  EXPECT_EQ(text_of(text), text);
  EXPECT_EQ(text_of("\xEF\xBB\xBF" + text), text);
  EXPECT_EQ(decode_text(text, "t").note, "");
}

TEST(DecodeText, ReadsWindows1252WhereItIsNotUtf8) {
  EXPECT_EQ(text_of("Gr\xF6\xDF"
                    "e \x80"),
            "Gr\xC3\xB6\xC3\x9F"
            "e \xE2\x82\xAC");
  EXPECT_NE(decode_text("\xFC", "t").note.find("Windows-1252"), std::string::npos);
  // Cut off, overlong, a surrogate, beyond Unicode.
  for (const char* bytes : {"\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    EXPECT_NE(decode_text(bytes, "t").note, "") << bytes;
  }
}

TEST(DecodeText, ReadsUtf16WithAByteOrderMark) {
  EXPECT_EQ(text_of("\xFF\xFE"s + "a\0\xFC\0\x3D\xD8\0\xDE"s), "a\xC3\xBC\xF0\x9F\x98\x80");
  EXPECT_EQ(text_of("\xFE\xFF"s + "\0a\0\xFC\xD8\x3D\xDE\0"s), "a\xC3\xBC\xF0\x9F\x98\x80");
  for (const std::string& bytes : {"a"s, "\x3D\xD8"s, "\0\xDE"s, "\x3D\xD8"s + "a\0"s}) {
    EXPECT_NE(input_error([&] { text_of("\xFF\xFE" + bytes); }).find("UTF-16"), std::string::npos);
  }
}

TEST(DecodeText, NamesWhatIsNotText) {
  EXPECT_NE(input_error([] { text_of("PAR1\1\2"); }).find("Parquet"), std::string::npos);
  EXPECT_NE(input_error([] { text_of("PK\3\4 a"); }).find("Excel"), std::string::npos);
  EXPECT_EQ(input_error([] { text_of("a\nb\0c"s); }),
            "t: line 2 holds a byte 0; wanted a text file");
}

}  // namespace
}  // namespace ncprune
