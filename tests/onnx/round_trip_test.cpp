// A written network is read back to the bit.
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <limits>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"

namespace ncprune {
namespace {

bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         std::memcmp(a.contiguous().data_ptr(), b.contiguous().data_ptr(), a.nbytes()) == 0;
}

void expect_same(const Network& a, const Network& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.opset, b.opset);
  EXPECT_EQ(a.input.name, b.input.name);
  EXPECT_EQ(a.input.shape, b.input.shape);
  EXPECT_EQ(a.output.name, b.output.name);
  EXPECT_EQ(a.output.shape, b.output.shape);
  ASSERT_EQ(a.nodes.size(), b.nodes.size());
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    EXPECT_EQ(a.nodes[i].op_type, b.nodes[i].op_type);
    EXPECT_EQ(a.nodes[i].name, b.nodes[i].name);
    EXPECT_EQ(a.nodes[i].inputs, b.nodes[i].inputs);
    EXPECT_EQ(a.nodes[i].outputs, b.nodes[i].outputs);
    ASSERT_EQ(a.nodes[i].attributes.size(), b.nodes[i].attributes.size());
    for (const auto& [key, value] : a.nodes[i].attributes) {
      const Attribute& other = b.nodes[i].attributes.at(key);
      ASSERT_EQ(value.index(), other.index());
      if (std::holds_alternative<float>(value)) {
        EXPECT_EQ(std::get<float>(value), std::get<float>(other));
      } else if (std::holds_alternative<int64_t>(value)) {
        EXPECT_EQ(std::get<int64_t>(value), std::get<int64_t>(other));
      }
    }
  }
  ASSERT_EQ(a.initializers.size(), b.initializers.size());
  for (const auto& [name, tensor] : a.initializers) {
    ASSERT_TRUE(b.initializers.contains(name)) << name;
    EXPECT_TRUE(same_bits(tensor, b.initializers.at(name))) << name;
  }
}

Network round_trip(const Network& network) {
  return parse_onnx(onnx_bytes(network), "test");
}

Network small_network() {
  return build_network("mlp:5", {2, 3}, 3, Random(1));
}

class EveryMlp : public testing::TestWithParam<const char*> {};

TEST_P(EveryMlp, KeepsEveryBit) {
  Network network = build_network(GetParam(), {1, 3, 5}, 4, Random(7));
  for (auto& [name, tensor] : network.initializers) {
    if (name.ends_with(".var")) tensor = at::rand(tensor.sizes()) + 0.1;
  }
  const Network back = round_trip(network);
  expect_same(network, back);
  const at::Tensor x = at::randn({9, 15});
  EXPECT_TRUE(at::equal(logits(network, x), logits(back, x)));
}

INSTANTIATE_TEST_SUITE_P(RoundTrip, EveryMlp,
                         testing::Values("mlp", "mlp:7", "mlp:7,1", "mlp:7,6?bias=false",
                                         "mlp:7?batchnorm=true", "mlp:3?activation=tanh",
                                         "mlp:3?activation=sigmoid",
                                         "mlp:3?activation=leaky-relu&batchnorm=true&bias=false"));

TEST(RoundTrip, UnusualFloatsKeepTheirBits) {
  Network network = small_network();
  using Limits = std::numeric_limits<float>;
  network.initializers.at("head.bias") = at::tensor({-0.0F, Limits::denorm_min(), Limits::max()});
  expect_same(network, round_trip(network));
}

TEST(RoundTrip, StridedWeightsAreWrittenInOrder) {
  Network network = small_network();
  at::Tensor& weight = network.initializers.at("fc1.weight");
  weight = weight.t().contiguous().t();
  expect_same(network, round_trip(network));
}

TEST(RoundTrip, OtherElementTypes) {
  Network network = small_network();
  network.input.shape = {-1, 6};
  network.initializers["shape"] = at::tensor({-1, 6}, at::kLong);
  network.nodes.front() = {
      "Reshape", "reshape", {"input", "shape"}, network.nodes.front().outputs, {}};
  expect_same(network, round_trip(network));
}

TEST(RoundTrip, Attributes) {
  Network network = build_network("mlp:5?activation=leaky-relu", {6}, 3, Random(1));
  network.nodes[2].attributes["alpha"] = 0.1F;
  expect_same(network, round_trip(network));
  EXPECT_EQ(round_trip(network).nodes[2].number("alpha", 0), 0.1F);
}

TEST(RoundTrip, Metadata) {
  Network network = small_network();
  Metadata& metadata = network.metadata;
  metadata.class_names = {"\"quoted\", 'too' \\", "Müll 猫 🐈", "<script>alert(1)</script>\n"};
  metadata.class_counts = {6000, 0, int64_t{1} << 40};
  metadata.minority = {1, 2};
  metadata.input_mean = at::rand({2, 3}) / 3;
  metadata.input_scale = at::tensor(0.1F).squeeze();
  metadata.reversed_channels = true;
  metadata.channels_last = true;
  metadata.other = {{"author", "someone else"}, {"ncprune.later", "{}"}, {"empty", ""}};
  const Metadata back = round_trip(network).metadata;
  EXPECT_EQ(back.class_names, metadata.class_names);
  EXPECT_EQ(back.class_counts, metadata.class_counts);
  EXPECT_EQ(back.minority, metadata.minority);
  EXPECT_TRUE(same_bits(back.input_mean, metadata.input_mean));
  EXPECT_TRUE(same_bits(back.input_scale, metadata.input_scale));
  EXPECT_TRUE(back.reversed_channels);
  EXPECT_TRUE(back.channels_last);
  EXPECT_EQ(back.other, metadata.other);
}

TEST(RoundTrip, NoMetadataStaysNone) {
  const Metadata back = round_trip(small_network()).metadata;
  EXPECT_TRUE(back.class_names.empty());
  EXPECT_FALSE(back.input_mean.defined());
  EXPECT_FALSE(back.reversed_channels);
  EXPECT_FALSE(back.channels_last);
  EXPECT_TRUE(back.other.empty());
}

TEST(RoundTrip, SameBytesTwice) {
  EXPECT_EQ(onnx_bytes(small_network()), onnx_bytes(round_trip(small_network())));
}

TEST(RoundTrip, ThroughAFile) {
  const std::string path = testing::TempDir() + "ncprune_round_trip.onnx";
  write_onnx(path, small_network());
  expect_same(small_network(), read_onnx(path));
  std::filesystem::remove(path);
}

TEST(Write, RefusesWhatIsNoNetwork) {
  Network network = small_network();
  network.nodes.back().inputs[1] = "nothing";
  EXPECT_THROW(onnx_bytes(network), std::logic_error);
}

TEST(Write, NamesTheFolderThatIsMissing) {
  EXPECT_THROW(write_onnx("/no/such/folder/a.onnx", small_network()), InputError);
}

}  // namespace
}  // namespace ncprune
