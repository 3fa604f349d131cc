#include <gtest/gtest.h>

#include <ATen/ops/tensor.h>

#include <bit>

#include "ncprune/data/source.h"
#include "tests/data/folder.h"
#include "tests/data/input_error.h"
#include "tests/data/zip_bytes.h"

namespace ncprune {
namespace {

using namespace std::string_literals;
using Names = std::vector<std::string>;

TEST(CsvSource, SortsItsClassesAsNumbersWhenAllAre) {
  const Folder folder;
  const std::string file = folder.write("t.csv", "a,y\n1,10\n2,9\n3,10\n4,-1\n5,9\n6,-1\n");
  const std::string test = folder.write("test.csv", "a,y\n7,9\n");
  const TrainTest data = load_data("csv:" + file + "?label=y&test=" + test, "", 1);
  EXPECT_EQ(data.train.class_names, (Names{"-1", "9", "10"}));
  EXPECT_EQ(data.train.labels[0].item<int64_t>(), 2);
  EXPECT_EQ(data.train.inputs.sizes().vec(), (std::vector<int64_t>{6, 1}));
  EXPECT_EQ(data.test.labels[0].item<int64_t>(), 1);
  EXPECT_FALSE(data.train.range.has_value());
}

TEST(CsvSource, SortsItsClassesAsTextOtherwise) {
  const Folder folder;
  std::string text = "a,y\n";
  for (int i = 0; i < 30; ++i) text += std::to_string(i) + (i % 3 == 0 ? ",fraud\n" : ",10\n");
  const std::string spec = "csv:" + folder.write("t.csv", text) + "?label=y";
  const TrainTest data = load_data(spec, "", 1);
  EXPECT_EQ(data.train.class_names, (Names{"10", "fraud"}));
  EXPECT_EQ(class_counts(data.train), (std::vector<int64_t>{16, 8}));
  EXPECT_EQ(class_counts(data.test), (std::vector<int64_t>{4, 2}));
  EXPECT_TRUE(data.test.inputs.equal(load_data(spec, "", 1).test.inputs));
  EXPECT_FALSE(data.test.inputs.equal(load_data(spec, "", 2).test.inputs));
}

TEST(CsvSource, NamesWhatIsWrongWithTheTestFile) {
  const Folder folder;
  const std::string spec =
      "csv:" + folder.write("t.csv", "a,b,y\n1,2,c\n3,4,d\n") + "?label=y&test=";
  const std::string label = folder.write("label.csv", "a,b,y\n1,2,c\n\n3,4,e\n");
  EXPECT_EQ(input_error([&] { load_data(spec + label, "", 1); }),
            label + ": line 4: label 'e' does not occur in the training data");
  const std::string feature = folder.write("feature.csv", "a,y,z\n1,c,2\n");
  EXPECT_EQ(input_error([&] { load_data(spec + feature, "", 1); }),
            feature + ": no column 'b', which the training data have");
  const std::string fewer = folder.write("fewer.csv", "a,y\n1,c\n");
  EXPECT_EQ(input_error([&] { load_data(spec + fewer, "", 1); }),
            fewer + ": no column 'b', which the training data have");
  EXPECT_NE(input_error([&] {
              load_data(spec + folder.path() + "/none.csv", "", 1);
            }).find("none.csv: No such file"),
            std::string::npos);
}

TEST(CsvSource, AppliesTheTrainingFilesEncodingToTheTestFile) {
  const Folder folder;
  const std::string train =
      folder.write("t.csv", "size;colour;id;y\n1,5;red;p;c\n;blue;q;d\n3;red;r;d\n");
  const std::string test = folder.write("test.csv", "# later\ny,more,colour,size\nd,1,blue,NA\n");
  const std::string options = "?label=y&ignore=id,more&test=" + test;
  const TrainTest data = load_data("csv:" + train + options, "", 1);
  EXPECT_EQ(data.train.feature_names, (Names{"size", "size missing", "colour=blue", "colour=red"}));
  EXPECT_TRUE(data.test.inputs.equal(at::tensor({1.5, 1.0, 1.0, 0.0}).to(at::kFloat).view({1, 4})));
  ASSERT_TRUE(data.table.has_value());
  // Another file, with the encoding that was learned before.
  const std::string other = folder.write("o.csv", "colour,size,y\nred,2,d\nred,2,d\n");
  const TrainTest again =
      load_data("csv:" + other + "?label=y&test=" + other, "", 1, {.table = data.table});
  EXPECT_EQ(again.train.class_names, (Names{"c", "d"}));
  EXPECT_TRUE(again.train.inputs[0].equal(at::tensor({2.0, 0.0, 0.0, 1.0}).to(at::kFloat)));
  EXPECT_EQ(again.table, data.table);
}

TEST(CsvSource, NamesTheOptionThatIsWrong) {
  const Folder folder;
  const std::string rows = "1,2,c\n3,4,c\n5,6,c\n7,8,d\n9,0,d\n1,2,d\n";
  const std::string spec = "csv:" + folder.write("t.csv", "a,b,y\n" + rows) + "?label=y&";
  const auto error = [&](const std::string& option) {
    const std::string message = input_error([&] { load_data(spec + option, "", 1); });
    return message.substr(message.find(": ") + 2);
  };
  EXPECT_EQ(error("ignore=c"), "ignore=c: there is no column 'c'");
  EXPECT_EQ(error("separator=x"), "separator is 'x'; wanted one of , ; | tab");
  EXPECT_EQ(error("decimal=;"), "decimal is ';'; wanted one of . ,");
  EXPECT_EQ(error("unknown=yes"), "unknown is 'yes'; wanted bin or error");
  EXPECT_EQ(error("ignore=a,b"), "every column is ignored; no features to learn from");
}

TEST(CsvSource, RefusesTooFewSamplesToSplit) {
  const Folder folder;
  const std::string spec = "csv:" + folder.write("t.csv", "a,y\n1,c\n3,d\n") + "?label=y";
  EXPECT_EQ(input_error([&] { load_data(spec, "", 1); }),
            "'" + spec + "': too few samples to keep a fifth of every class for testing");
}

std::string archive(const std::string& x, const std::string& y, const std::string& ending = "") {
  return zip_bytes({{.name = "x" + ending + ".npy", .content = x},
                    {.name = "y" + ending + ".npy", .content = y}});
}

TEST(NpzSource, TakesBytesForImages) {
  const Folder folder;
  const std::string y = npy_bytes("|u1", "(2,)", "\0\1"s);
  const std::string test = folder.write(
      "test.npz",
      archive(npy_bytes("|u1", "(1, 1, 2)", "ab"), npy_bytes("<i8", "(1,)", "\1\0\0\0\0\0\0\0"s)));
  const std::string grey =
      folder.write("grey.npz", archive(npy_bytes("|u1", "(2, 1, 2)", "\x00\x33\xff\x66"s), y));
  const TrainTest data = load_data("npz:" + grey + "?test=" + test, "", 1);
  EXPECT_EQ(data.train.inputs.sizes().vec(), (std::vector<int64_t>{2, 1, 1, 2}));
  EXPECT_EQ(data.train.range, (std::pair{0.0, 1.0}));
  EXPECT_FLOAT_EQ(data.train.inputs[0][0][0][1].item<float>(), 0.2F);
  EXPECT_EQ(data.train.class_names, (Names{"0", "1"}));
  EXPECT_EQ(data.test.labels[0].item<int64_t>(), 1);
}

TEST(NpzSource, PutsChannelsFirst) {
  const Folder folder;
  // One pixel's red, green and blue follow each other.
  const std::string x = npy_bytes("|u1", "(2, 2, 1, 3)", "\0\1\2\3\4\5\0\1\2\3\4\5"s);
  const std::string file = folder.write(
      "c.npz", zip_bytes({{.name = "x_train.npy", .content = x},
                          {.name = "y_train.npy", .content = npy_bytes("|u1", "(2, 1)", "\0\1"s)},
                          {.name = "x_test.npy", .content = x},
                          {.name = "y_test.npy", .content = npy_bytes("|u1", "(2,)", "\1\1"s)}}));
  const TrainTest data = load_data("npz:" + file, "", 1);
  EXPECT_EQ(data.train.inputs.sizes().vec(), (std::vector<int64_t>{2, 3, 2, 1}));
  EXPECT_FLOAT_EQ(data.train.inputs[0][1][1][0].item<float>(), 4 / 255.0F);
  EXPECT_EQ(class_counts(data.test), (std::vector<int64_t>{0, 2}));
}

TEST(NpzSource, TakesFloatsAsTheyAre) {
  const Folder folder;
  std::string x;
  for (const float value : {-7.5F, 2.0F}) {
    for (int i = 0; i < 10; ++i) x += little_endian(std::bit_cast<uint32_t>(value), 4);
  }
  const std::string file = folder.write(
      "f.npz",
      archive(npy_bytes("<f4", "(10, 2)", x), npy_bytes("|u1", "(10,)", "\0\1\0\1\0\1\0\1\0\1"s)));
  const TrainTest data = load_data("npz:" + file, "", 1);
  EXPECT_EQ(data.train.sample_shape(), std::vector<int64_t>{2});
  EXPECT_EQ(data.train.size() + data.test.size(), 10);
  EXPECT_FALSE(data.train.range.has_value());
}

TEST(NpzSource, NamesWhatIsWrong) {
  const Folder folder;
  const auto error = [&](const std::string& bytes) {
    const std::string file = folder.write("f.npz", bytes);
    return input_error([&] { load_data("npz:" + file, "", 1); }).substr(file.size());
  };
  const std::string x = npy_bytes("|u1", "(2, 1)", "ab");
  EXPECT_EQ(error(archive(x, x, "s")),
            ": contains no array called x, X, inputs, x_train, X_train; its arrays: xs, ys");
  EXPECT_EQ(error(archive(x, npy_bytes("|u1", "(1, 1, 2)", "ab"))),
            ": labels of shape [1, 1, 2]; wanted one number per sample, [N], or a 0 or 1 for each "
            "sample and label, [N, L]");
  EXPECT_EQ(error(archive(x, npy_bytes("|u1", "(1, 2)", "ab"))),
            ": sample 0 has 97 for label 0; wanted 0 or 1");
  EXPECT_EQ(error(archive(npy_bytes("|u1", "(2,)", "ab"), x)),
            ": inputs of shape [2]; wanted [N, features] or images");
  EXPECT_EQ(error(archive(x, npy_bytes("|u1", "(3,)", "\0\0\0"s))),
            ": inputs of 2 samples, labels of 3");
  EXPECT_EQ(error(archive(x, npy_bytes("|i1", "(2,)", "\0\xff"s))),
            ": sample 1 has label -1; wanted 0 to 0");
  EXPECT_EQ(error(archive(x, npy_bytes("<i4", "(2,)", little_endian(0xFFFFFFFF0000, 8)))),
            ": sample 0 has label -65536; wanted 0 to 65535");
  EXPECT_EQ(error(archive(x, npy_bytes("<u4", "(2,)", little_endian(0xFFFFFFFF, 8)))),
            ": sample 0 has label 4294967295; wanted 0 to 65535");
  EXPECT_EQ(error(archive(npy_bytes("<f4", "(1, 1)", little_endian(0x7F800000, 4)),
                          npy_bytes("|u1", "(1,)", "\0"s))),
            ": sample 0 holds a value that is not a finite number");
}

}  // namespace
}  // namespace ncprune
