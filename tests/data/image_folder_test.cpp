#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "ncprune/base/runtime.h"
#include "ncprune/data/source.h"
#include "tests/data/folder.h"
#include "tests/data/image_bytes.h"
#include "tests/data/input_error.h"
#include "tests/data/loaded.h"
#include "tests/data/tar_bytes.h"

namespace ncprune {
namespace {

using Names = std::vector<std::string>;

std::string error_of(const std::string& spec) {
  return input_error([&] { loaded(spec); });
}

TEST(ImageSource, ReadsAListOfPathsAndLabels) {
  const Folder folder;
  for (int i = 0; i < 12; ++i) {
    folder.write(fmt::format("p/{}.png", i), png_bytes(plain(1, 2, static_cast<uint8_t>(i))));
  }
  const std::string train =
      folder.write("train.csv", "path,label\np/0.png,10\np/1.png,9\np/2.png,10\n");
  const std::string test = folder.write("test.csv", "p/3.png,9\n");
  const TrainTest data = loaded("images:" + train + "?test=" + test);
  EXPECT_EQ(data.train.class_names, (Names{"9", "10"}));
  EXPECT_EQ(data.train.labels.sum().item<int64_t>(), 2);
  EXPECT_FLOAT_EQ(data.train.inputs[1][0][0][0].item<float>(), 1 / 255.0F);
  EXPECT_FLOAT_EQ(data.test.inputs[0][0][0][0].item<float>(), 3 / 255.0F);
  const TrainTest ordered = loaded("images:" + train + "?classes=10,9&test=" + test);
  EXPECT_EQ(ordered.train.class_names, (Names{"10", "9"}));
  EXPECT_EQ(ordered.test.labels[0].item<int64_t>(), 1);
  folder.write("test.csv", "p/3.png,9\np/4.png,7\np/5.png,7\n");
  EXPECT_EQ(error_of("images:" + train + "?test=" + test),
            test + ": line 2: class '7' (2 images) is none of the classes 9,10");
  EXPECT_EQ(error_of("images:" + train + "?classes=9"),
            train + ": line 2: class '10' (2 images) is none of the classes 9");
  EXPECT_EQ(error_of("images:" + folder.path() + "?test=" + test),
            "images:" + folder.path() + ": test=" + test +
                " without a list; wanted images:LIST.csv?test=LIST2.csv");
}

TEST(ImageSource, LeavesOutTheFilesOfOtherProgramsAndFormats) {
  const Folder folder;
  std::string tar;
  const auto add = [&](const std::string& name, const std::string& bytes) {
    folder.write("d/" + name, bytes);
    tar += tar_entry(name, bytes);
  };
  for (const char* part : {"Training", "validation"}) {
    for (const char* name : {"a", "b"}) {
      add(fmt::format("{}/{}/1.png", part, name), png_bytes(plain(1, 2, 9)));
    }
  }
  for (const char* name : {"Training/a/._1.png", "__MACOSX/Training/c/1.png", "Training/.DS_Store",
                           "Training/a/Thumbs.db", "Training/a/2.heic"}) {
    add(name, "x");
  }
  const std::string path = folder.write("d.tar", tar + tar_end());
  for (const std::string& where : {folder.path() + "/d", path}) {
    ::testing::internal::CaptureStderr();
    const TrainTest data = loaded("images:" + where);
    const std::string said = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(data.train.class_names, (Names{"a", "b"}));
    EXPECT_EQ(data.test.size(), 2);
    EXPECT_NE(said.find("warning: " + where +
                        ": images in formats that are not read are left out: 1 .heic"),
              std::string::npos)
        << said;
    EXPECT_NE(said.find("there is no folder test; validation is the test set"), std::string::npos)
        << said;
    EXPECT_NE(said.find("4 files of other programs skipped"), std::string::npos) << said;
  }
  folder.write("d/Training/c/1.heic", "x");
  EXPECT_NE(error_of("images:" + folder.path() + "/d").find("class 'c' has only images in formats"),
            std::string::npos);
}

TEST(ImageSource, PreparesPicturesOfAllFormatsAsTheOptionsSay) {
  const Folder folder;
  for (const char* name :
       {"cmyk.jpg", "exif6.jpg", "lossy.webp", "rgb.bmp", "lzw.tif", "grey.jpg"}) {
    for (const char* part : {"train", "test"}) {
      std::filesystem::create_directories(folder.path() + "/" + part + "/a");
      std::filesystem::copy_file(std::string(NCPRUNE_SOURCE_DIR "/tests/data/images/") + name,
                                 fmt::format("{}/{}/a/{}", folder.path(), part, name));
    }
  }
  const std::string spec = "images:" + folder.path();
  EXPECT_NE(error_of(spec).find("has 12 x 8 pixels, the first has 8 x 12"), std::string::npos);
  EXPECT_EQ(loaded(spec + "?exif=ignore").train.sample_shape(), (std::vector<int64_t>{3, 8, 12}));
  EXPECT_EQ(loaded(spec + "?resize=9&crop=7x6").train.sample_shape(),
            (std::vector<int64_t>{3, 7, 6}));
  EXPECT_EQ(loaded(spec + "?resize=5x4&channels=grey").train.sample_shape(),
            (std::vector<int64_t>{1, 5, 4}));
  EXPECT_NE(error_of(spec + "?tilt=3").find("unknown option 'tilt'"), std::string::npos);
}

TEST(ImageSource, RefusesToResizeAPictureToMoreThanTheLimit) {
  const Folder folder;
  folder.write("train/a/1.png", png_bytes(pattern(1, 1, 5000)));
  EXPECT_NE(error_of("images:" + folder.path() + "?resize=256")
                .find("an image of 1 x 5000 pixels cannot be resized to 256 x 1280000"),
            std::string::npos);
}

TEST(ImageFolder, PicturesAreReadWhenTheyAreNeeded) {
  const Folder folder;
  for (int i = 0; i < 4; ++i) {
    folder.write(fmt::format("train/a/{}.png", i), png_bytes(pattern(3, 4, 5, i)));
  }
  folder.write("test/a/broken.png", "no picture");
  const TrainTest data = load_data("images:" + folder.path(), "", 1);
  const at::Tensor all = data.train.inputs_at(0, 4);
  EXPECT_EQ(all.sizes(), at::IntArrayRef({4, 3, 4, 5}));
  EXPECT_TRUE(data.train.inputs_at(1, 3).equal(all.slice(0, 1, 3)));
  const at::Tensor places = at::tensor({3, 0}, at::kLong);
  EXPECT_TRUE(data.train.inputs_of(places).equal(all.index_select(0, places)));
  EXPECT_TRUE(select(data.train, places).inputs_at(0, 2).equal(all.index_select(0, places)));
  const std::string broken = input_error([&] { data.test.inputs_at(0, 1); });
  EXPECT_NE(broken.find("broken.png"), std::string::npos) << broken;
}

TEST(ImageFolder, MemoryLimitsWhatIsHeldAtOnceAndNotWhatIsRead) {
  const Folder folder;
  for (int i = 0; i < 4; ++i) {
    folder.write(fmt::format("train/a/{}.png", i), png_bytes(pattern(3, 4, 5, i)));
    folder.write(fmt::format("test/a/{}.png", i), png_bytes(pattern(3, 4, 5, i)));
  }
  const TrainTest plain = loaded("images:" + folder.path());
  const int64_t usual = memory_limit();
  set_memory_limit(100);
  const TrainTest data = load_data("images:" + folder.path(), "", 1);
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_TRUE(data.train.inputs_at(0, 4).equal(plain.train.inputs));
  }
  const std::string refused = input_error([&] { in_memory(data.train); });
  set_memory_limit(usual);
  EXPECT_NE(refused.find("--memory"), std::string::npos) << refused;
}

}  // namespace
}  // namespace ncprune
