#include <gtest/gtest.h>

#include "ncprune/data/image_list.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

// "path=label" for every image.
std::vector<std::string> shown(const std::string& bytes) {
  std::vector<std::string> lines;
  for (const ListedImage& image : parse_image_list(bytes, "x.csv")) {
    lines.push_back(image.path + "=" + image.label);
  }
  return lines;
}

std::string error_of(const std::string& bytes) {
  return input_error([&] { parse_image_list(bytes, "x.csv"); });
}

TEST(ImageList, ReadsPathsAndLabelsWithOrWithoutAHeader) {
  const std::vector<std::string> wanted{"a/1.png=cat", "2.jpg=big dog"};
  EXPECT_EQ(shown("path,label\na/1.png,cat\n2.jpg,big dog\n"), wanted);
  EXPECT_EQ(shown("\xEF\xBB\xBFpath,label\r\na/1.png , cat\r\n\r\n2.jpg,\"big dog\""), wanted);
  EXPECT_EQ(shown("a/1.png,cat\n2.jpg,big dog"), wanted);
  EXPECT_EQ(shown("\"a,b.png\",\"c \"\"d\"\"\""), std::vector<std::string>{"a,b.png=c \"d\""});
}

TEST(ImageList, NamesTheLineThatIsWrong) {
  EXPECT_EQ(error_of("a.png,cat\nb.png\n"), "x.csv: line 2: 1 cells; wanted 2, path,label");
  EXPECT_EQ(error_of("a.png,cat,3\n"), "x.csv: line 1: 3 cells; wanted 2, path,label");
  EXPECT_EQ(error_of("a.png,\n"), "x.csv: line 1: the label is missing");
  EXPECT_EQ(error_of("a.png,\"cat\n"), "x.csv: line 1: a quote is not closed");
  EXPECT_EQ(error_of("a.png,\"cat\"s\n"), "x.csv: line 1: text after a quoted cell");
  EXPECT_EQ(error_of("a.gif,cat\n"),
            "x.csv: line 1: 'a.gif' is not a JPEG, PNG, WebP, BMP or TIFF file");
  for (const char* path : {"/a.png", "../a.png", "b/../../a.png"}) {
    EXPECT_NE(error_of(std::string(path) + ",cat").find("wanted one relative to the list"),
              std::string::npos);
  }
  EXPECT_EQ(error_of(""), "x.csv: lists no images; wanted lines of path,label");
  EXPECT_EQ(error_of("path,label\n"), "x.csv: lists no images; wanted lines of path,label");
}

}  // namespace
}  // namespace ncprune
