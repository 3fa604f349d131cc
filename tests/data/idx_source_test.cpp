#include <gtest/gtest.h>

#include <cstdlib>

#include "ncprune/data/source.h"
#include "tests/data/folder.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

using namespace std::string_literals;

// Images [n, 2, 2] whose four pixels are 0, 51, 102 and 255.
std::string images(char n) {
  std::string bytes = "\0\0\x08\x03\0\0\0"s + n + "\0\0\0\x02\0\0\0\x02"s;
  for (char i = 0; i < n; ++i) bytes += "\x00\x33\x66\xff"s;
  return bytes;
}

std::string labels(const std::string& values) {
  return "\0\0\x08\x01\0\0\0"s + static_cast<char>(values.size()) + values;
}

// Hides $NCPRUNE_DATA from one test.
class WithoutDataVariable {
 public:
  WithoutDataVariable() {
    const char* value = std::getenv("NCPRUNE_DATA");
    if (value != nullptr) value_ = value;
    unsetenv("NCPRUNE_DATA");
  }
  ~WithoutDataVariable() {
    if (!value_.empty()) setenv("NCPRUNE_DATA", value_.c_str(), 1);
  }
  WithoutDataVariable(const WithoutDataVariable&) = delete;
  WithoutDataVariable& operator=(const WithoutDataVariable&) = delete;

 private:
  std::string value_;
};

TEST(IdxSource, ScalesImagesAndKeepsItsTestSet) {
  const Folder folder;
  folder.write("train-images-idx3-ubyte", images(3));
  folder.write("train-labels-idx1-ubyte", labels("\0\2\1"s));
  folder.write("t10k-images-idx3-ubyte", images(1));
  folder.write("t10k-labels-idx1-ubyte", labels("\1"s));
  const TrainTest data = load_data("idx:" + folder.path(), "", 1);
  EXPECT_EQ(data.train.inputs.sizes().vec(), (std::vector<int64_t>{3, 1, 2, 2}));
  EXPECT_EQ(data.test.size(), 1);
  EXPECT_EQ(data.train.class_names, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(data.test.class_names, data.train.class_names);
  EXPECT_EQ(data.train.range, (std::pair{0.0, 1.0}));
  const float* pixels = data.train.inputs.data_ptr<float>();
  EXPECT_FLOAT_EQ(pixels[1], 0.2F);
  EXPECT_FLOAT_EQ(pixels[2], 0.4F);
  EXPECT_EQ(pixels[3], 1);
  EXPECT_EQ(data.train.labels[1].item<int64_t>(), 2);
}

TEST(IdxSource, WithoutATestSetGivesUpAStratifiedFifth) {
  const Folder folder;
  folder.write("train-images-idx3-ubyte", images(15));
  folder.write("train-labels-idx1-ubyte", labels(std::string(10, '\0') + std::string(5, '\1')));
  const TrainTest data = load_data("idx:" + folder.path(), "", 1);
  EXPECT_EQ(class_counts(data.train), (std::vector<int64_t>{8, 4}));
  EXPECT_EQ(class_counts(data.test), (std::vector<int64_t>{2, 1}));
}

TEST(IdxSource, NamesWhatIsWrong) {
  const Folder folder;
  const auto error = [&] { return input_error([&] { load_data("idx:" + folder.path(), "", 1); }); };
  EXPECT_EQ(error(), folder.path() + ": has no file train-images-idx3-ubyte[.gz]");
  folder.write("train-images-idx3-ubyte", images(2));
  EXPECT_EQ(error(), folder.path() + ": has no file train-labels-idx1-ubyte[.gz]");
  folder.write("train-labels-idx1-ubyte", labels("\0\1\1"s));
  EXPECT_NE(error().find("3 labels; " + folder.path() + "/train-images-idx3-ubyte holds 2 images"),
            std::string::npos);
  folder.write("train-labels-idx1-ubyte", images(2));
  EXPECT_NE(error().find("shape [2, 2, 2]; wanted labels, [N]"), std::string::npos);
  folder.write("train-labels-idx1-ubyte", labels("\0\1"s));
  folder.write("t10k-images-idx3-ubyte", images(1));
  EXPECT_EQ(error(), folder.path() + ": has no file t10k-labels-idx1-ubyte[.gz]");
  folder.write("t10k-labels-idx1-ubyte", labels("\2"s));
  EXPECT_NE(error().find("sample 0 has label 2; wanted 0 to 1"), std::string::npos);
}

TEST(NamedSource, IsFoundUnderItsNameInTheDataRoot) {
  const Folder root;
  const std::string name = "mnist";
  root.write(name + "/train-images-idx3-ubyte", images(2));
  root.write(name + "/train-labels-idx1-ubyte", labels("\0\1"s));
  root.write(name + "/t10k-images-idx3-ubyte", images(1));
  root.write(name + "/t10k-labels-idx1-ubyte", labels("\1"s));
  EXPECT_EQ(load_data("mnist", root.path(), 1).train.num_classes(), 10);
  EXPECT_EQ(load_data("mnist", root.path() + "/mnist/", 1).train.size(), 2);
}

TEST(NamedSource, IsNotTakenFromAFolderOfAnotherName) {
  const Folder root;
  root.write("letters/train-images-idx3-ubyte", images(2));
  root.write("letters/train-labels-idx1-ubyte", labels("\0\1"s));
  const WithoutDataVariable guard;
  const std::string message = input_error([&] { load_data("mnist", root.path() + "/letters", 1); });
  EXPECT_NE(message.find("data set 'mnist' is not in " + root.path() + "/letters/mnist, "),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("--data-root or $NCPRUNE_DATA"), std::string::npos) << message;
}

TEST(NamedSource, IsFoundThroughTheEnvironmentAfterTheDataRoot) {
  const Folder root;
  root.write("mnist/train-images-idx3-ubyte", images(5));
  root.write("mnist/train-labels-idx1-ubyte", labels("\0\0\0\0\0"s));
  const WithoutDataVariable guard;
  setenv("NCPRUNE_DATA", root.path().c_str(), 1);
  EXPECT_EQ(load_data("mnist", "", 1).train.size(), 4);
  EXPECT_EQ(load_data("mnist", "/nowhere", 1).test.size(), 1);
  const Folder nearer;
  nearer.write("MNIST/raw/train-images-idx3-ubyte", images(10));
  nearer.write("MNIST/raw/train-labels-idx1-ubyte", labels(std::string(10, '\0')));
  EXPECT_EQ(load_data("mnist", nearer.path(), 1).train.size(), 8);
  unsetenv("NCPRUNE_DATA");
}

TEST(NamedSource, ReadsFashionMnistWithItsClassNames) {
  const TrainTest data = load_data("fashion-mnist", "", 1);
  EXPECT_EQ(data.train.inputs.sizes().vec(), (std::vector<int64_t>{60000, 1, 28, 28}));
  EXPECT_EQ(data.test.size(), 10000);
  EXPECT_EQ(class_counts(data.train), std::vector<int64_t>(10, 6000));
  EXPECT_EQ(class_counts(data.test), std::vector<int64_t>(10, 1000));
  EXPECT_EQ(data.train.class_names.front(), "T-shirt/top");
  EXPECT_EQ(data.train.class_names.back(), "Ankle boot");
  EXPECT_EQ(data.train.inputs.min().item<float>(), 0);
  EXPECT_EQ(data.train.inputs.max().item<float>(), 1);
  // The mean pixel of the training set, as published with it.
  EXPECT_NEAR(data.train.inputs.mean().item<double>(), 0.2860, 1e-4);
}

TEST(NamedSource, ReadsMnist) {
  TrainTest data;
  try {
    data = load_data("mnist", "", 1);
  } catch (const InputError& error) {
    GTEST_SKIP() << error.what();
  }
  EXPECT_EQ(class_counts(data.train),
            (std::vector<int64_t>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}));
  EXPECT_EQ(data.test.size(), 10000);
  EXPECT_EQ(data.train.class_names[7], "7");
  EXPECT_NEAR(data.train.inputs.mean().item<double>(), 0.1307, 1e-4);
}

TEST(Source, ListsTheKnownOnesWhenAskedForAnother) {
  EXPECT_EQ(
      input_error([] { load_data("imagenet", "", 1); }),
      "unknown data source 'imagenet'; known: fashion-mnist, mnist, cifar10, cifar100, idx, cifar, "
      "images, csv, npz, synthetic");
}

TEST(Source, ShowsItsUsageWhenTheArgumentIsMissing) {
  for (const DataSource& source : data_sources()) {
    if (source.usage == source.name) continue;
    EXPECT_EQ(input_error([&] { load_data(source.name, "", 1); }),
              "'" + source.name + "': wanted " + source.usage);
  }
  EXPECT_EQ(input_error([] { load_data("mnist:x", "", 1); }), "'mnist:x': mnist takes no argument");
  EXPECT_EQ(input_error([] { load_data("idx:x?a=b", "", 1); }),
            "'idx:x?a=b': unknown option 'a'; known: none");
}

}  // namespace
}  // namespace ncprune
