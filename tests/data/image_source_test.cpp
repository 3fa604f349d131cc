#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <filesystem>

#include "ncprune/data/image_resize.h"
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

// gzip's own form of `content`.
std::string gzipped(const Folder& folder, const std::string& content) {
  const std::string path = folder.path() + "/packed.gz";
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, content.data(), static_cast<unsigned>(content.size()));
  gzclose(file);
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

TEST(ImageSource, GivesPlanesBetweenZeroAndOne) {
  const Folder folder;
  folder.write("d/train/dog/1.png", png_bytes({3, 1, 2, {0, 51, 102, 153, 204, 255}}));
  folder.write("d/train/cat/1.png", png_bytes(pattern(3, 1, 2)));
  folder.write("d/test/dog/7.PNG", png_bytes(pattern(3, 1, 2, 9)));
  folder.write("d/train/dog/notes.txt", "no image");
  const TrainTest data = loaded("images:" + folder.path() + "/d");
  EXPECT_EQ(data.train.class_names, (Names{"cat", "dog"}));
  EXPECT_EQ(data.test.class_names, data.train.class_names);
  EXPECT_EQ(data.train.inputs.sizes().vec(), (std::vector<int64_t>{2, 3, 1, 2}));
  EXPECT_EQ(data.train.range, (std::pair{0.0, 1.0}));
  EXPECT_EQ(data.test.labels[0].item<int64_t>(), 1);
  const float* dog = data.train.inputs[1].data_ptr<float>();
  const float wanted[] = {0, 0.6F, 0.2F, 0.8F, 0.4F, 1};  // red, green and blue plane
  for (int i = 0; i < 6; ++i) EXPECT_FLOAT_EQ(dog[i], wanted[i]) << i;
}

TEST(ImageSource, ReadsATarFileAsItReadsTheFolder) {
  const Folder folder;
  std::string tar;
  for (int i = 0; i < 40; ++i) {
    const std::string name = fmt::format("{}/{}/{}.jpg", i % 4 == 0 ? "test" : "train", i % 3, i);
    const std::string jpeg = jpeg_bytes(pattern(3, 6, 5, i));
    folder.write("d/" + name, jpeg);
    tar = tar_entry("d/" + name, jpeg) + tar;  // in another order
  }
  const std::string plain = folder.write("d.tar", tar + tar_end());
  const std::string packed = folder.write("d.tar.gz", gzipped(folder, tar + tar_end()));
  at::set_num_threads(1);
  const TrainTest one = loaded("images:" + folder.path() + "/d/");
  at::set_num_threads(3);
  for (const std::string& other : {folder.path() + "/d", plain, packed}) {
    const TrainTest data = loaded("images:" + other);
    EXPECT_TRUE(data.train.inputs.equal(one.train.inputs)) << other;
    EXPECT_TRUE(data.train.labels.equal(one.train.labels)) << other;
    EXPECT_TRUE(data.test.inputs.equal(one.test.inputs)) << other;
  }
  at::set_num_threads(1);
  EXPECT_EQ(one.train.size(), 30);
  EXPECT_EQ(one.test.size(), 10);
}

TEST(ImageSource, ClassesOfOneImageStayInTraining) {
  const Folder folder;
  for (int i = 0; i < 10; ++i) {
    folder.write(fmt::format("a/{}.png", i), png_bytes(plain(1, 2, static_cast<uint8_t>(i))));
  }
  folder.write("b/1.png", png_bytes(plain(1, 2, 9)));
  const TrainTest data = loaded("images:" + folder.path());
  EXPECT_EQ(class_counts(data.train), (std::vector<int64_t>{8, 1}));
  EXPECT_EQ(class_counts(data.test), (std::vector<int64_t>{2, 0}));
  EXPECT_EQ(data.train.sample_shape(), (std::vector<int64_t>{1, 2, 2}));
}

TEST(ImageSource, ConvertsTheKindThatIsRarer) {
  const Folder folder;
  for (int i = 0; i < 3; ++i) {
    folder.write(fmt::format("train/a/{}.png", i), png_bytes(plain(1, 1, 51)));
  }
  folder.write("train/a/9.png", png_bytes({3, 1, 1, {255, 0, 0}}));
  folder.write("test/a/1.png", png_bytes(plain(3, 1, 51)));
  const std::string spec = "images:" + folder.path();
  EXPECT_EQ(loaded(spec).train.sample_shape(), (std::vector<int64_t>{1, 1, 1}));
  EXPECT_FLOAT_EQ(loaded(spec).train.inputs[3].item<float>(), 76 / 255.0F);
  EXPECT_EQ(loaded(spec).test.sample_shape(), (std::vector<int64_t>{1, 1, 1}));
  folder.write("train/a/7.png", png_bytes(plain(3, 1, 51)));
  folder.write("train/a/8.png", png_bytes(plain(3, 1, 51)));  // now three of either kind: colour
  EXPECT_EQ(loaded(spec).train.sample_shape(), (std::vector<int64_t>{3, 1, 1}));
}

TEST(ImageSource, RefusesSizesThatDifferUnlessOneIsAskedFor) {
  const Folder folder;
  folder.write("train/a/1.png", png_bytes(plain(1, 4, 100)));
  folder.write("train/a/2.png", png_bytes(pattern(1, 4, 6)));
  folder.write("test/a/1.png", png_bytes(plain(1, 5, 7)));
  const std::string spec = "images:" + folder.path();
  EXPECT_EQ(error_of(spec), folder.path() +
                                ": image 'train/a/2.png' has 4 x 6 pixels, the first has 4 x 4; to "
                                "crop and resize all of them give a size, as in "
                                "images:DIR?size=64");
  const TrainTest data = loaded(spec + "?size=2");
  EXPECT_EQ(data.train.inputs.sizes().vec(), (std::vector<int64_t>{2, 1, 2, 2}));
  EXPECT_FLOAT_EQ(data.train.inputs[0][0][1][1].item<float>(), 100 / 255.0F);
  EXPECT_FLOAT_EQ(data.test.inputs[0][0][1][1].item<float>(), 7 / 255.0F);
  for (const char* size : {"0", "4097", "x", "1.5"}) {
    EXPECT_NE(error_of(spec + "?size=" + size).find("is not a"), std::string::npos) << size;
  }
}

// Bilinear with the triangle stretched when it shrinks (Pillow's BILINEAR), in double precision.
std::vector<double> naive_resize(const std::vector<double>& line, int64_t size) {
  const auto n = static_cast<int64_t>(line.size());
  const double scale = static_cast<double>(n) / static_cast<double>(size);
  const double radius = std::max(scale, 1.0);
  std::vector<double> result;
  for (int64_t i = 0; i < size; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    double sum = 0;
    double weights = 0;
    for (int64_t k = 0; k < n; ++k) {
      const double distance = std::abs(static_cast<double>(k) + 0.5 - centre) / radius;
      const double weight = std::max(0.0, 1 - distance);
      sum += weight * line[static_cast<size_t>(k)];
      weights += weight;
    }
    result.push_back(sum / weights);
  }
  return result;
}

// Channel `c` of the central square, resized along its rows and then along its columns;
// [size][size].
std::vector<std::vector<double>> naive_square(const Image& image, int64_t c, int64_t size) {
  const int64_t side = std::min(image.height, image.width);
  const int64_t top = (image.height - side) / 2;
  const int64_t left = (image.width - side) / 2;
  std::vector<std::vector<double>> columns(static_cast<size_t>(size));
  for (int64_t y = 0; y < side; ++y) {
    std::vector<double> row;
    for (int64_t x = 0; x < side; ++x) {
      const int64_t pixel = (y + top) * image.width + x + left;
      row.push_back(image.pixels[static_cast<size_t>(pixel * image.channels + c)]);
    }
    const std::vector<double> resized = naive_resize(row, size);
    for (size_t x = 0; x < columns.size(); ++x) columns[x].push_back(resized[x]);
  }
  for (std::vector<double>& column : columns) column = naive_resize(column, size);
  return columns;
}

void expect_square(const Image& image, int64_t size) {
  const Image square = central_square(image, size);
  ASSERT_EQ(square.channels, image.channels);
  ASSERT_EQ(square.height, size);
  ASSERT_EQ(square.width, size);
  for (int64_t c = 0; c < image.channels; ++c) {
    const std::vector<std::vector<double>> columns = naive_square(image, c, size);
    for (int64_t i = 0; i < size * size; ++i) {
      EXPECT_NEAR(square.pixels[static_cast<size_t>(i * image.channels + c)],
                  columns[static_cast<size_t>(i % size)][static_cast<size_t>(i / size)], 0.501);
    }
  }
}

TEST(CentralSquare, IsWhatTheNaiveSumSays) {
  for (const int64_t channels : {1, 3}) {
    for (const int64_t size : {1, 3, 5, 8}) {
      expect_square(pattern(channels, 7, 12), size);
      expect_square(pattern(channels, 9, 4), size);
      expect_square(pattern(channels, 5, 5), size);
      expect_square(pattern(channels, 1, 1), size);
    }
  }
}

TEST(ImageSource, NamesTheFirstBadImageWhateverTheThreads) {
  const Folder folder;
  const std::string good = jpeg_bytes(pattern(3, 16, 16));
  for (int i = 10; i < 90; ++i) {
    folder.write(fmt::format("train/a/{}.jpg", i), i < 47 ? good : good.substr(0, good.size() / 2));
  }
  folder.write("test/a/1.jpg", good);
  for (const int threads : {1, 4}) {
    at::set_num_threads(threads);
    EXPECT_EQ(error_of("images:" + folder.path()),
              folder.path() + "/train/a/47.jpg: damaged JPEG image: Premature end of JPEG file");
  }
  at::set_num_threads(1);
}

TEST(ImageSource, RefusesDamagedAndUnsafeArchives) {
  const Folder folder;
  const std::string image = tar_entry("a/1.png", png_bytes(plain(1, 1, 0)));
  const std::string packed = gzipped(folder, image + tar_entry("b/1.png", image) + tar_end());
  const std::string cut = folder.write("cut.tar.gz", packed.substr(0, packed.size() - 20));
  EXPECT_EQ(error_of("images:" + cut), cut + ": damaged gzip data (the file is truncated)");
  const std::string bad = folder.write(
      "bad.tar", tar_entry("train/b/1.png", "no") + tar_entry("test/b/1.png", "no") + tar_end());
  EXPECT_EQ(error_of("images:" + bad),
            bad + ": entry 'train/b/1.png': not a JPEG, PNG, WebP, BMP or TIFF image");
  const std::string outside = folder.write("o.tar", tar_entry("/a/1.png", image) + tar_end());
  EXPECT_EQ(error_of("images:" + outside),
            outside + ": entry '/a/1.png' leads outside the archive");
  const std::string name =
      folder.write("n.tar", tar_entry("a\x1b[2J/1.png", png_bytes(plain(1, 1, 0))) + tar_end());
  EXPECT_EQ(error_of("images:" + name),
            name + ": class 'a\\x1b[2J' is not named in UTF-8 without control characters");
  EXPECT_NE(error_of("images:" + folder.path() + "/none.tar").find("No such file"),
            std::string::npos);
}

TEST(ImageSource, SaysThatAFolderIsEmptyOrOneOfItsClasses) {
  const Folder folder;
  std::filesystem::create_directories(folder.path() + "/b");
  EXPECT_NE(error_of("images:" + folder.path()).find("contains no images"), std::string::npos);
  for (int i = 0; i < 5; ++i) {
    folder.write(fmt::format("a/{}.png", i), png_bytes(plain(1, 1, 0)));
  }
  const TrainTest data = loaded("images:" + folder.path());
  EXPECT_EQ(input_error([&] { require_every_class(data.train, "x"); }),
            "x: class 'b' has no sample; every class needs at least one");
}

// A sample of CIFAR's: the labels, then red, green and blue plane of one value each.
std::string record(const std::string& labels, char red, char green, char blue) {
  return labels + std::string(1024, red) + std::string(1024, green) + std::string(1024, blue);
}

TEST(CifarSource, ReadsCifar10) {
  const Folder folder;
  folder.write("data_batch_2.bin", record("\1", 4, 5, 6));
  folder.write("data_batch_1.bin", record({"\0", 1}, 51, 102, 0) + record("\1", 1, 2, 3));
  folder.write("test_batch.bin", record("\t", 7, 8, 9));
  folder.write("batches.meta.txt", "airplane\nautomobile\r\n\n");
  const TrainTest data = loaded("cifar:" + folder.path());
  EXPECT_EQ(data.train.inputs.sizes().vec(), (std::vector<int64_t>{3, 3, 32, 32}));
  EXPECT_EQ(data.train.num_classes(), 10);
  EXPECT_EQ(data.train.class_names[1], "automobile");
  EXPECT_EQ(data.train.class_names[2], "2");
  EXPECT_FLOAT_EQ(data.train.inputs[0][1][31][31].item<float>(), 0.4F);
  EXPECT_EQ(data.train.inputs[0][2].max().item<float>(), 0);
  EXPECT_FLOAT_EQ(data.train.inputs[2][0][0][0].item<float>(), 4 / 255.0F);
  EXPECT_EQ(data.test.labels[0].item<int64_t>(), 9);
}

TEST(CifarSource, ReadsTheFineClassesOfCifar100) {
  const Folder root;
  root.write("cifar-100-binary/train.bin", record("\x13\x63", 1, 2, 3));
  root.write("cifar-100-binary/test.bin", record({"\x13\0", 2}, 1, 2, 3));
  const TrainTest data = loaded("cifar100", root.path());
  EXPECT_EQ(data.train.num_classes(), 100);
  EXPECT_EQ(data.train.labels[0].item<int64_t>(), 99);
  EXPECT_EQ(data.test.labels[0].item<int64_t>(), 0);
}

TEST(CifarSource, NamesWhatIsWrong) {
  const Folder folder;
  const std::string spec = "cifar:" + folder.path();
  EXPECT_EQ(error_of(spec), folder.path() +
                                ": has no files data_batch_*.bin (CIFAR-10) or train.bin "
                                "(CIFAR-100)");
  const std::string batch = folder.write("data_batch_1.bin", record("\1", 1, 2, 3) + "x");
  EXPECT_EQ(error_of(spec),
            batch + ": 3074 bytes; wanted a multiple of 3073, the size of a sample");
  folder.write("data_batch_1.bin", record("\n", 1, 2, 3));
  EXPECT_EQ(error_of(spec), batch + ": sample 0 has label 10; wanted 0 to 9");
  folder.write("data_batch_1.bin", record("\1", 1, 2, 3));
  const std::string names = folder.write("batches.meta.txt", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
  EXPECT_EQ(error_of(spec), names + ": 11 names; wanted 10, one per line");
}

TEST(NamedSource, FindsCifar10AsImagesInATarFile) {
  const Folder root;
  root.write("cifar10/cifar10-images.tar",
             tar_entry("train/cat/1.png", png_bytes(plain(3, 2, 51))) +
                 tar_entry("test/cat/1.png", png_bytes(plain(3, 2, 0))) + tar_end());
  const TrainTest data = loaded("cifar10", root.path());
  EXPECT_EQ(data.train.class_names, Names{"cat"});
  EXPECT_FLOAT_EQ(data.train.inputs[0][0][0][0].item<float>(), 0.2F);
}

}  // namespace
}  // namespace ncprune
