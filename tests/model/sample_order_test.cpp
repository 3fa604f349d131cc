// Operators give the same result whatever the order of the numbers in memory.
#include "ncprune/model/sample_order.h"

#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "tests/model/one_node.h"

namespace ncprune {
namespace {

at::Tensor together(const at::Tensor& x) {
  return x.permute({2, 3, 1, 0}).contiguous().permute({3, 2, 0, 1});
}

TEST(SampleOrder, ChangesTheOrderAndNotTheNumbers) {
  const at::Tensor x = at::randn({5, 3, 4, 6});
  const at::Tensor last = x.contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor odd = x.transpose(2, 3).contiguous().transpose(2, 3);
  for (const at::Tensor& ordered : {x, last, odd, together(x)}) {
    const at::Tensor samples = with_samples_together(ordered);
    EXPECT_TRUE(has_samples_together(samples));
    EXPECT_TRUE(samples.equal(x));
    const at::Tensor channels = with_channels_together(ordered);
    EXPECT_TRUE(channels.is_contiguous(at::MemoryFormat::ChannelsLast));
    EXPECT_TRUE(channels.equal(x));
  }
  EXPECT_FALSE(has_samples_together(x));
  const at::Tensor once = together(x);
  EXPECT_EQ(with_samples_together(once).data_ptr(), once.data_ptr());
  EXPECT_TRUE(from_planes(as_planes(together(x)), x.sizes()).equal(x));
  EXPECT_TRUE(from_one_picture(as_one_picture(together(x)), 5).equal(x));
}

struct OneOperator {
  std::string type;
  std::vector<at::Tensor> parameters;
  Attributes attributes;
  RunMode mode = {};
};

std::vector<OneOperator> operators_on_pictures() {
  const auto numbers = [](std::vector<int64_t> values) { return Attribute(std::move(values)); };
  const Attributes window{{"kernel_shape", numbers({3, 2})},
                          {"pads", numbers({1, 0, 0, 1})},
                          {"strides", numbers({2, 1})}};
  const auto whole = [](const std::vector<int64_t>& values) {
    return at::tensor(values, at::TensorOptions(at::kLong));
  };
  const auto statistics = [] {
    return std::vector<at::Tensor>{at::randn({3}), at::randn({3}), at::randn({3}),
                                   at::rand({3}) + 0.5};
  };
  return {
      {"MaxPool", {}, window},
      {"AveragePool", {}, window},
      {"GlobalAveragePool", {}, {}},
      {"GlobalMaxPool", {}, {}},
      {"Relu", {}, {}},
      {"Slice", {whole({0, 1}), whole({9, 3}), whole({2, 1}), whole({2, 1})}, {}},
      {"Pad", {whole({0, 1, 2, 0, 0, 3, 0, 1})}, {}},
      {"BatchNormalization", statistics(), {}},
      {"BatchNormalization", statistics(), {}, {.training = true}},
      {"BatchNormalization", statistics(), {}, {.training = true, .share = BatchShare{0, 5, 5}}}};
}

TEST(SampleOrder, OperatorsGiveTheSameResultInEveryOrder) {
  const at::Tensor x = at::randn({5, 3, 4, 6});
  for (const OneOperator& one : operators_on_pictures()) {
    SCOPED_TRACE(one.type);
    const auto result = [&](const at::Tensor& ordered) {
      std::vector<at::Tensor> inputs{ordered};
      for (const at::Tensor& parameter : one.parameters) inputs.push_back(parameter.clone());
      return apply(one.type, inputs, one.attributes, one.mode);
    };
    const at::Tensor wanted = result(x);
    const at::Tensor found = result(together(x));
    ASSERT_EQ(found.sizes(), wanted.sizes());
    EXPECT_LE((found - wanted).abs().max().item<double>(), 1e-5);
  }
}

TEST(SampleOrder, PoolsAndNormalizationsKeepIt) {
  const at::Tensor x = together(at::randn({5, 3, 4, 6}));
  const Attributes window{{"kernel_shape", Attribute(std::vector<int64_t>{2, 2})}};
  EXPECT_TRUE(has_samples_together(apply("MaxPool", {x}, window)));
  EXPECT_TRUE(has_samples_together(apply("AveragePool", {x}, window)));
  const at::Tensor ones = at::rand({3}) + 0.5;
  EXPECT_TRUE(has_samples_together(apply("BatchNormalization", {x, ones, ones, ones, ones})));
}

}  // namespace
}  // namespace ncprune
