#include "ncprune/model/architectures.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <set>

#include "ncprune/base/error.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/train/optimizer.h"

namespace ncprune {
namespace {

int64_t trainable_numbers(const Network& network) {
  int64_t count = 0;
  for (const std::string& name : trainable_initializers(network)) {
    count += network.initializers.at(name).numel();
  }
  return count;
}

struct Published {
  const char* spec;
  int64_t side;  // of the images
  int64_t classes;
  int64_t parameters;  // weights, biases and BatchNormalization's scales and shifts
};

// torchvision 0.14.1's count where it has the network. Its VGG: the `features` without the biases
// of the convolutions, which BatchNormalization takes away again, and one layer 512 x 10. Its
// vision transformer (86567656): less class token and that token's position. CIFAR's residual
// networks: by hand; 2752 more than with option A, whose counts are 269722 for 20 layers to 1727962
// for 110 (Idelbayev, 2018). Wide residual and dense networks by hand; the papers say 36.5 M for
// 28-10, 8.9 M for 40-4, 0.8 M for 100-12, 25.6 M for 190-40. MobileNet 1 by hand; the paper
// says 4.2 M.
const Published kPublished[] = {{"vgg:11", 32, 10, 9225984 - 2752 + 5130},
                                {"vgg:13", 32, 10, 9410880 - 2944 + 5130},
                                {"vgg:16", 32, 10, 14723136 - 4224 + 5130},
                                {"vgg:19", 64, 10, 20035392 - 5504 + 5130},
                                {"resnet:20", 32, 10, 269722 + 2752},
                                {"resnet:32", 32, 10, 464154 + 2752},
                                {"resnet:44", 32, 10, 658586 + 2752},
                                {"resnet:56", 32, 10, 853018 + 2752},
                                {"resnet:110", 32, 10, 1727962 + 2752},
                                {"resnet:18", 224, 1000, 11689512},
                                {"resnet:34", 224, 1000, 21797672},
                                {"resnet:50", 224, 1000, 25557032},
                                {"resnet:101", 224, 1000, 44549160},
                                {"wide-resnet:28-10", 32, 10, 36479194},
                                {"wide-resnet:40-4", 32, 10, 8949210},
                                {"densenet:40-12", 32, 10, 176122},
                                {"densenet:100-12", 32, 10, 769162},
                                {"densenet:190-40", 32, 10, 25624430},
                                {"densenet:121", 224, 1000, 7978856},
                                {"mobilenet:1", 224, 1000, 4231976},
                                {"mobilenet:2", 224, 1000, 3504872},
                                {"mobilenet:3-small", 224, 1000, 2542856},
                                {"mobilenet:3-large", 224, 1000, 5483032},
                                {"vit:16,768,12,12", 224, 1000, 86567656 - 2 * 768}};

TEST(Architectures, HaveThePublishedNumberOfParameters) {
  for (const Published& p : kPublished) {
    const Network network = build_network(p.spec, {3, p.side, p.side}, p.classes, Random(1));
    EXPECT_EQ(trainable_numbers(network), p.parameters) << p.spec;
  }
}

TEST(Architectures, SmallImagesGetAStemOfStrideOne) {
  const auto stem = [](const std::string& spec, int64_t side) {
    return build_network(spec, {3, side, side}, 2, Random(1)).nodes.front();
  };
  for (const char* spec : {"resnet:18", "densenet:121"}) {
    EXPECT_EQ(stem(spec, 63).integers("strides", {}), (std::vector<int64_t>{1, 1}));
    EXPECT_EQ(stem(spec, 63).integers("kernel_shape", {}), (std::vector<int64_t>{3, 3}));
    EXPECT_EQ(stem(spec, 64).integers("strides", {}), (std::vector<int64_t>{2, 2}));
    EXPECT_EQ(stem(spec, 64).integers("kernel_shape", {}), (std::vector<int64_t>{7, 7}));
  }
  EXPECT_EQ(stem("mobilenet:2", 63).integers("strides", {}), (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(stem("mobilenet:2", 64).integers("strides", {}), (std::vector<int64_t>{2, 2}));
}

struct Trained {
  const char* spec;
  std::vector<int64_t> sample_shape;
};

class Architectures : public testing::TestWithParam<Trained> {};

TEST_P(Architectures, RunAndAreTrained) {
  const Trained& p = GetParam();
  Network network = build_network(p.spec, p.sample_shape, 5, Random(1));
  validate(network, p.spec);
  std::vector<int64_t> shape = p.sample_shape;
  shape.insert(shape.begin(), 2);
  const at::Tensor images = prepare_inputs(network, at::randn(shape));
  const std::vector<std::string> names = trainable_initializers(network);
  std::vector<at::Tensor> parameters;
  for (const std::string& name : names) {
    parameters.push_back(network.initializers.at(name).requires_grad_());
  }
  Random random(2);
  const RunMode training{.training = true, .random = &random};
  const at::Tensor scores = run(network, images, {"logits"}, training).front();
  EXPECT_EQ(scores.sizes(), (std::vector<int64_t>{2, 5}));
  at::cross_entropy_loss(scores, at::tensor({1, 4}, at::TensorOptions(at::kLong))).backward();
  for (size_t i = 0; i < names.size(); ++i) {
    ASSERT_TRUE(parameters[i].grad().defined()) << names[i];
    EXPECT_TRUE(at::isfinite(parameters[i].grad()).all().item<bool>()) << names[i];
  }
  Optimizer("sgd", parameters, {}).step(1e-3);
  for (at::Tensor& parameter : parameters) parameter.requires_grad_(false);
  const at::Tensor after = run(network, images.slice(0, 0, 1), {"logits"}).front();
  EXPECT_EQ(after.sizes(), (std::vector<int64_t>{1, 5}));
  EXPECT_TRUE(at::isfinite(after).all().item<bool>());
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, Architectures,
    testing::Values(Trained{"cnn:4,8", {3, 32, 32}}, Trained{"vgg:11", {3, 32, 32}},
                    Trained{"vgg:11", {3, 64, 64}}, Trained{"resnet:20", {28, 28}},
                    Trained{"resnet:20", {3, 64, 64}}, Trained{"resnet:18", {3, 32, 32}},
                    Trained{"resnet:50", {3, 64, 64}}, Trained{"wide-resnet:10-2", {3, 32, 32}},
                    Trained{"wide-resnet:10-1", {3, 64, 64}}, Trained{"densenet:10-4", {3, 32, 32}},
                    Trained{"densenet:22-12", {3, 64, 64}}, Trained{"densenet:121", {3, 32, 32}},
                    Trained{"densenet:121", {3, 64, 64}}, Trained{"mobilenet:1", {3, 32, 32}},
                    Trained{"mobilenet:1", {3, 64, 64}}, Trained{"mobilenet:2", {3, 32, 32}},
                    Trained{"mobilenet:2", {3, 64, 64}}, Trained{"mobilenet:3-small", {3, 32, 32}},
                    Trained{"mobilenet:3-small", {3, 64, 64}},
                    Trained{"mobilenet:3-large", {3, 32, 32}},
                    Trained{"mobilenet:3-large", {3, 64, 64}}, Trained{"vit:8,32,2,4", {3, 32, 32}},
                    Trained{"vit:16,32,2,1", {3, 64, 32}}, Trained{"vit:4,32,1,4", {28, 28}}));

TEST(Architectures, EveryOneIsTested) {
  std::set<std::string> tested{"mlp", "cnn"};
  for (const Published& p : kPublished) tested.insert(parse_spec(p.spec).name);
  for (const Architecture& a : architectures()) EXPECT_TRUE(tested.contains(a.name)) << a.name;
}

TEST(Architectures, AttentionMixesThePlacesOfOneImageOnly) {
  const Network network = build_network("vit:4,16,2,2", {1, 8, 8}, 3, Random(1));
  const at::Tensor images = at::randn({3, 1, 8, 8});
  const at::Tensor together = logits(network, images);
  EXPECT_TRUE(
      at::allclose(together.slice(0, 1, 2), logits(network, images.slice(0, 1, 2)), 1e-4, 1e-5));
}

std::string refusal_of(const std::string& spec, const std::vector<int64_t>& sample_shape) {
  try {
    build_network(spec, sample_shape, 3, Random(1));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Architectures, RefuseWhatTheyCannotBuild) {
  struct Case {
    const char* spec;
    std::vector<int64_t> sample_shape;
    const char* said;
  };
  const std::vector<int64_t> image{3, 32, 32};
  for (const Case& c : std::initializer_list<Case>{
           {"vgg", image, "known: 11, 13, 16, 19"},
           {"vgg:12", image, "'12'"},
           {"vgg:16?bias=true", image, "bias"},
           {"vgg:16", {28, 28}, "at least 32 x 32 pixels; these have 28 x 28"},
           {"vgg:16", {784}, "takes images"},
           {"resnet:21", image, "known: 20, 32"},
           {"resnet:", image, "known: 20, 32"},
           {"wide-resnet:28", image, "wanted DEPTH-WIDTH, as in 28-10"},
           {"wide-resnet:28-10-3", image, "wanted DEPTH-WIDTH, as in 28-10"},
           {"wide-resnet:28-0", image, "'0' is not a whole number"},
           {"wide-resnet:27-10", image, "depth 27 is not 6 n + 4"},
           {"wide-resnet:4-1", image, "depth 4 is not 6 n + 4"},
           {"densenet:122", image, "121 or DEPTH-GROWTH"},
           {"densenet:41-12", image, "depth 41 is not 6 n + 4"},
           {"densenet:40-x", image, "'x' is not a number"},
           {"densenet:40-12", {3, 3, 32}, "at least 4 x 4 pixels"},
           {"mobilenet:3", image, "known: 1, 2, 3-small, 3-large"},
           {"vit:4,32,2", image, "3 numbers; wanted 4"},
           {"vit:4,32,2,0", image, "'0' is not a whole number"},
           {"vit:4,32,2,5", image, "width 32 is not a multiple of 5 heads"},
           {"vit:5,32,2,4", image, "patches of 5 pixels do not tile images of 32 x 32"},
           {"vit:64,32,2,4", image, "at least 64 x 64 pixels"}}) {
    const std::string message = refusal_of(c.spec, c.sample_shape);
    EXPECT_NE(message.find(c.said), std::string::npos) << c.spec << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << c.spec;
  }
}

}  // namespace
}  // namespace ncprune
