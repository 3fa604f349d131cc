#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ncprune/data/image_layout.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

using Names = std::vector<std::string>;

ImageLayout arranged(const Names& files, const Names& folders = {}, const Names& classes = {}) {
  return arrange_images(
      {.where = "x", .images = files, .folders = folders, .unread = {}, .left_behind = {}},
      classes);
}

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
  const ImageLayout layout = arranged(files);
  EXPECT_EQ(layout.class_names, (Names{"B", "a", "b"}));
  EXPECT_EQ(shown(layout.train, layout, files),
            (Names{"B:B/1.png", "a:a/9.png", "b:b/10.png", "b:b/2.png", "b:b/sub/3.png"}));
  EXPECT_FALSE(layout.test.has_value());
}

TEST(ImageLayout, KeepsTrainAndTestApart) {
  const Names files{"test/a/1.png", "train/b/1.png", "train/a/1.png", "val/a/2.png", "x/a/2.png"};
  const ImageLayout layout = arranged(files);
  EXPECT_EQ(layout.class_names, (Names{"a", "b"}));
  EXPECT_EQ(shown(layout.train, layout, files), (Names{"a:train/a/1.png", "b:train/b/1.png"}));
  EXPECT_EQ(shown(*layout.test, layout, files), (Names{"a:test/a/1.png"}));
  const Names validated{"train/a/1.png", "val/a/2.png"};
  const ImageLayout other = arranged(validated);
  EXPECT_EQ(shown(*other.test, other, validated), (Names{"a:val/a/2.png"}));
}

TEST(ImageLayout, StepsOverFoldersAroundEverything) {
  const Names files{"data/v1/train/a/1.png", "data/v1/test/a/2.png"};
  const ImageLayout layout = arranged(files, {"data", "data/v1/train/z"});
  EXPECT_EQ(shown(layout.train, layout, files), (Names{"a:data/v1/train/a/1.png"}));
  EXPECT_EQ(shown(*layout.test, layout, files), (Names{"a:data/v1/test/a/2.png"}));
  EXPECT_EQ(layout.class_names, (Names{"a", "z"}));
  const ImageLayout single = arranged({"train/a/1.png"});
  EXPECT_EQ(single.class_names, Names{"a"});
  EXPECT_FALSE(single.test.has_value());
}

TEST(ImageLayout, CountsEmptyFoldersAsClassesAndLeavesOutWhatIsHidden) {
  const ImageLayout layout = arranged({"a/1.png", "a/._1.png", ".trash/2.png"}, {"a", "b", ".git"});
  EXPECT_EQ(layout.class_names, (Names{"a", "b"}));
  EXPECT_EQ(layout.train.size(), 1);
}

TEST(ImageLayout, KnowsTheUsualNamesOfParts) {
  for (const auto& [train, test] :
       {std::pair{"Train", "TEST"}, std::pair{"training", "testing"}, std::pair{"TRAINING", "dev"},
        std::pair{"train", "Validation"}, std::pair{"train", "valid"}}) {
    const Names files{fmt::format("{}/a/1.png", train), fmt::format("{}/a/2.png", test)};
    const ImageLayout layout = arranged(files);
    EXPECT_EQ(layout.class_names, Names{"a"}) << train;
    ASSERT_TRUE(layout.test.has_value()) << test;
    EXPECT_EQ(layout.test->size(), 1U) << test;
  }
  // Classes may have such names where there is no training part.
  EXPECT_EQ(arranged({"dev/1.png", "ops/1.png"}).class_names, (Names{"dev", "ops"}));
}

TEST(ImageLayout, SaysWhichPartsAreNotUsed) {
  const ImageLayout both =
      arranged({"train/a/1.png", "test/a/1.png", "val/a/1.png", "val/a/2.png"});
  EXPECT_EQ(both.notes, Names{"x: 2 images in 'val' beside train are not used"});
  const ImageLayout validated = arranged({"train/a/1.png", "val/a/1.png"});
  EXPECT_EQ(validated.notes, Names{"x: there is no folder test; val is the test set"});
}

TEST(ImageLayout, TakesTheClassesInTheOrderGiven) {
  const Names files{"a/1.png", "b/1.png", "c/1.png"};
  const ImageLayout layout = arranged(files, {}, {"c", "a", "b"});
  EXPECT_EQ(layout.class_names, (Names{"c", "a", "b"}));
  EXPECT_EQ(shown(layout.train, layout, files), (Names{"a:a/1.png", "b:b/1.png", "c:c/1.png"}));
  const auto error = [&](const Names& classes) {
    return input_error([&] { arranged(files, {}, classes); });
  };
  EXPECT_EQ(error({"a", "c"}), "x: folder 'b' is not among the classes a,c");
  EXPECT_EQ(error({"a", "b", "c", "d"}), "x: has no folder for class 'd'");
  EXPECT_EQ(error({"a", "b", "c", "a"}), "x: a class is named twice");
}

TEST(ImageLayout, CountsTheFilesThatOtherProgramsLeave) {
  EXPECT_EQ(left_behind(".DS_Store"), ".DS_Store");
  EXPECT_EQ(left_behind("a/._1.png"), "a/._1.png");
  EXPECT_EQ(left_behind("x/__MACOSX/a/1.png"), "x/__MACOSX");
  EXPECT_EQ(left_behind("a/Thumbs.db"), "a/Thumbs.db");
  EXPECT_EQ(left_behind("a/Desktop.ini"), "a/Desktop.ini");
  for (const char* path : {"a/1.png", "a.b/thumbs.png", "MACOSX/1.png"}) {
    EXPECT_EQ(left_behind(path), "") << path;
  }
  ImageListing listing{
      .where = "x", .images = {"a/1.png"}, .folders = {}, .unread = {}, .left_behind = {".git"}};
  EXPECT_EQ(arrange_images(listing).notes, Names{"x: 1 file of other programs skipped: .git"});
  listing.left_behind.insert("a/._1.png");
  EXPECT_EQ(arrange_images(listing).notes,
            Names{"x: 2 files of other programs skipped: .git, ..."});
}

TEST(ImageLayout, NamesTheFormatsThatAreNotRead) {
  ImageListing listing{.where = "x",
                       .images = {"a/1.png", "b/1.png"},
                       .folders = {},
                       .unread = {"a/2.heic", "a/3.gif", "b/4.HEIC"},
                       .left_behind = {}};
  EXPECT_EQ(arrange_images(listing).warnings,
            Names{"x: images in formats that are not read are left out: 1 .gif, 2 .heic"});
  listing.unread.emplace_back("c/5.heic");
  EXPECT_EQ(input_error([&] { arrange_images(listing); }),
            "x: class 'c' has only images in formats that are not read (1 .heic); wanted JPEG, "
            "PNG, WebP, BMP or TIFF");
  listing.images.clear();
  EXPECT_EQ(input_error([&] { arrange_images(listing); }),
            "x: contains no images (JPEG, PNG, WebP, BMP, TIFF), only 1 .gif, 3 .heic; wanted a "
            "folder per class");
}

TEST(ImageLayout, NamesWhatIsWrong) {
  const auto error = [](const Names& files) {
    return input_error([&] { arranged(files, {"a"}); });
  };
  EXPECT_EQ(error({}),
            "x: contains no images (JPEG, PNG, WebP, BMP, TIFF); wanted a folder per class");
  EXPECT_EQ(error({".a/1.png"}), error({}));
  EXPECT_EQ(error({"1.png"}), "x: image '1.png' lies in no class folder");
  EXPECT_EQ(error({"train/a/1.png", "train/2.png"}),
            "x: image 'train/2.png' lies in no class folder");
  EXPECT_EQ(error({"train/a/1.png", "test/b/2.png"}),
            "x: class 'b' of test (1 image) has no folder in train");
  EXPECT_EQ(error({"train/a/1.png", "test/a/1.png", "test/2.png"}),
            "x: image 'test/2.png' lies in no class folder");
  EXPECT_EQ(error({"test/a/1.png", "val/a/1.png"}), "x: has 'test' but no folder 'train'");
  EXPECT_EQ(error({"train/a/1.png", "Train/a/1.png"}),
            "x: has 'Train' and 'train'; wanted one of them");
}

}  // namespace
}  // namespace ncprune
