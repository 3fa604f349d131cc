#include <gtest/gtest.h>

#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

TEST(Excerpt, KeepsPlainTextAndShowsControlCharacters) {
  EXPECT_EQ(excerpt(""), "");
  EXPECT_EQ(excerpt("class \xC3\xA9"), "class \xC3\xA9");
  EXPECT_EQ(excerpt(std::string_view("a\n\0\x7F", 4)), "a\\x0a\\x00\\x7f");
}

TEST(Excerpt, CutsLongTextBetweenCharacters) {
  EXPECT_EQ(excerpt(std::string(60, 'x')), std::string(60, 'x'));
  EXPECT_EQ(excerpt(std::string(61, 'x')), std::string(60, 'x') + "...");
  // The 60th and 61st byte are one character.
  EXPECT_EQ(excerpt(std::string(59, 'x') + "\xC3\xA9"), std::string(59, 'x') + "...");
}

}  // namespace
}  // namespace ncprune
