#include <gtest/gtest.h>

#include "ncprune/data/image_layout.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

using Names = std::vector<std::string>;

// "cat:a/1.png" for every image, in order.
Names shown(const std::vector<PlacedImage>& placed, const ImageLayout& layout, const Names& files) {
  Names lines;
  for (const PlacedImage& image : placed) {
    lines.push_back(layout.class_names[static_cast<size_t>(image.label)] + ":" + files[image.file]);
  }
  return lines;
}

TEST(ImageLayout, TakesFoldersForClassesInByteOrder) {
  const Names files{"b/2.png", "a/9.png", "b/10.png", "B/1.png", "b/sub/3.png"};
  const ImageLayout layout = arrange_images(files, {}, "x");
  EXPECT_EQ(layout.class_names, (Names{"B", "a", "b"}));
  EXPECT_EQ(shown(layout.train, layout, files),
            (Names{"B:B/1.png", "a:a/9.png", "b:b/10.png", "b:b/2.png", "b:b/sub/3.png"}));
  EXPECT_FALSE(layout.test.has_value());
}

TEST(ImageLayout, KeepsTrainAndTestApart) {
  const Names files{"test/a/1.png", "train/b/1.png", "train/a/1.png", "val/a/2.png", "x/a/2.png"};
  const ImageLayout layout = arrange_images(files, {}, "x");
  EXPECT_EQ(layout.class_names, (Names{"a", "b"}));
  EXPECT_EQ(shown(layout.train, layout, files), (Names{"a:train/a/1.png", "b:train/b/1.png"}));
  EXPECT_EQ(shown(*layout.test, layout, files), (Names{"a:test/a/1.png"}));
  const Names validated{"train/a/1.png", "val/a/2.png"};
  const ImageLayout other = arrange_images(validated, {}, "x");
  EXPECT_EQ(shown(*other.test, other, validated), (Names{"a:val/a/2.png"}));
}

TEST(ImageLayout, StepsOverFoldersAroundEverything) {
  const Names files{"data/v1/train/a/1.png", "data/v1/test/a/2.png"};
  const ImageLayout layout = arrange_images(files, {"data", "data/v1/train/z"}, "x");
  EXPECT_EQ(shown(layout.train, layout, files), (Names{"a:data/v1/train/a/1.png"}));
  EXPECT_EQ(shown(*layout.test, layout, files), (Names{"a:data/v1/test/a/2.png"}));
  EXPECT_EQ(layout.class_names, (Names{"a", "z"}));
  const ImageLayout single = arrange_images({"train/a/1.png"}, {}, "x");
  EXPECT_EQ(single.class_names, Names{"a"});
  EXPECT_FALSE(single.test.has_value());
}

TEST(ImageLayout, CountsEmptyFoldersAsClassesAndLeavesOutWhatIsHidden) {
  const ImageLayout layout =
      arrange_images({"a/1.png", "a/._1.png", ".trash/2.png"}, {"a", "b", ".git"}, "x");
  EXPECT_EQ(layout.class_names, (Names{"a", "b"}));
  EXPECT_EQ(layout.train.size(), 1);
}

TEST(ImageLayout, NamesWhatIsWrong) {
  const auto error = [](const Names& files) {
    return input_error([&] { arrange_images(files, {"a"}, "x"); });
  };
  EXPECT_EQ(error({}), "x: contains no images (.jpg, .jpeg, .png); wanted a folder per class");
  EXPECT_EQ(error({".a/1.png"}), error({}));
  EXPECT_EQ(error({"1.png"}), "x: image '1.png' lies in no class folder");
  EXPECT_EQ(error({"train/a/1.png", "train/2.png"}),
            "x: image 'train/2.png' lies in no class folder");
  EXPECT_EQ(error({"train/a/1.png", "test/b/2.png"}),
            "x: test image 'test/b/2.png' lies in no class folder of train/");
  EXPECT_EQ(error({"train/a/1.png", "test/a/1.png", "test/2.png"}),
            "x: test image 'test/2.png' lies in no class folder of train/");
}

}  // namespace
}  // namespace ncprune
