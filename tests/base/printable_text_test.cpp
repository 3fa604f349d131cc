#include "ncprune/base/printable_text.h"

#include <gtest/gtest.h>

namespace ncprune {
namespace {

TEST(PrintableText, LeavesPlainTextAlone) {
  for (const std::string text : {"", "T-shirt/top",
                                 "Gr\xC3\xB6\xC3\x9F"
                                 "e",
                                 "\xE6\xBC\xA2\xF0\x9F\x90\xA6"}) {
    EXPECT_EQ(printable_text(text), text);
  }
}

TEST(PrintableText, ShowsControlCharactersAndBytesThatAreNoUtf8) {
  EXPECT_EQ(printable_text("\x1B[31mred\n"), "\\x1b[31mred\\x0a");
  EXPECT_EQ(printable_text(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable_text("\xC2\x9B"
                           "31m"),
            "\\xc2\\x9b31m")
      << "the other way to write ESC [";
  EXPECT_EQ(printable_text("caf\xE9!"), "caf\\xe9!") << "Latin-1";
  EXPECT_EQ(printable_text("\xC0\xAF"), "\\xc0\\xaf") << "an overlong slash";
  EXPECT_EQ(printable_text("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
  EXPECT_EQ(printable_text("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond U+10FFFF";
  EXPECT_EQ(printable_text("\xE6\xBC"), "\\xe6\\xbc") << "cut short";
}

}  // namespace
}  // namespace ncprune
