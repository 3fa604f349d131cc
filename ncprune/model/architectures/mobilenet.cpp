// MobileNets: depthwise convolutions between 1 x 1 convolutions; version 1 (Howard et al. 2017), 2
// with linear bottlenecks and residual sums (Sandler et al. 2018), 3 with squeeze-and-excite and
// HardSwish (Howard et al. 2019).
#include <fmt/format.h>

#include <algorithm>

#include "ncprune/base/lookup.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/network_builder.h"

namespace ncprune::architectures_files {
namespace {

// An inverted residual block, or a block of version 1 if `expanded` is 0.
struct MobilenetBlock {
  int64_t kernel;
  int64_t expanded;  // channels of the depthwise convolution
  int64_t channels;  // of the output
  bool excite;
  const char* activation;
  int64_t stride;
};

struct MobilenetVariant {
  std::string name;
  int64_t stem;  // channels of the first convolution
  std::vector<MobilenetBlock> blocks;
  int64_t last;            // channels of the last convolution; 0: none
  int64_t hidden;          // units between pooling and classifier; 0: none
  const char* activation;  // of the first and last layers
};

std::vector<MobilenetBlock> version_1() {
  std::vector<MobilenetBlock> blocks;
  const auto add = [&](int64_t channels, int64_t stride) {
    blocks.push_back({3, 0, channels, false, "Relu", stride});
  };
  add(64, 1);
  for (const int64_t channels : {128, 256, 512}) {
    add(channels, 2);
    for (int i = 0; i < (channels == 512 ? 5 : 1); ++i) add(channels, 1);
  }
  add(1024, 2);
  add(1024, 1);
  return blocks;
}

std::vector<MobilenetBlock> version_2() {
  struct Row {
    int64_t expansion;
    int64_t channels;
    int64_t repeats;
    int64_t stride;
  };
  std::vector<MobilenetBlock> blocks;
  int64_t before = 32;
  for (const Row& row : {Row{1, 16, 1, 1}, Row{6, 24, 2, 2}, Row{6, 32, 3, 2}, Row{6, 64, 4, 2},
                         Row{6, 96, 3, 1}, Row{6, 160, 3, 2}, Row{6, 320, 1, 1}}) {
    for (int64_t i = 0; i < row.repeats; ++i) {
      blocks.push_back(
          {3, row.expansion * before, row.channels, false, "Relu6", i == 0 ? row.stride : 1});
      before = row.channels;
    }
  }
  return blocks;
}

constexpr const char* kRelu = "Relu";
constexpr const char* kSwish = "HardSwish";

std::vector<MobilenetBlock> version_3_small() {
  return {
      {3, 16, 16, true, kRelu, 2},   {3, 72, 24, false, kRelu, 2},  {3, 88, 24, false, kRelu, 1},
      {5, 96, 40, true, kSwish, 2},  {5, 240, 40, true, kSwish, 1}, {5, 240, 40, true, kSwish, 1},
      {5, 120, 48, true, kSwish, 1}, {5, 144, 48, true, kSwish, 1}, {5, 288, 96, true, kSwish, 2},
      {5, 576, 96, true, kSwish, 1}, {5, 576, 96, true, kSwish, 1}};
}

std::vector<MobilenetBlock> version_3_large() {
  return {{3, 16, 16, false, kRelu, 1},   {3, 64, 24, false, kRelu, 2},
          {3, 72, 24, false, kRelu, 1},   {5, 72, 40, true, kRelu, 2},
          {5, 120, 40, true, kRelu, 1},   {5, 120, 40, true, kRelu, 1},
          {3, 240, 80, false, kSwish, 2}, {3, 200, 80, false, kSwish, 1},
          {3, 184, 80, false, kSwish, 1}, {3, 184, 80, false, kSwish, 1},
          {3, 480, 112, true, kSwish, 1}, {3, 672, 112, true, kSwish, 1},
          {5, 672, 160, true, kSwish, 2}, {5, 960, 160, true, kSwish, 1},
          {5, 960, 160, true, kSwish, 1}};
}

const std::vector<MobilenetVariant>& mobilenet_variants() {
  static const std::vector<MobilenetVariant> table{
      {"1", 32, version_1(), 0, 0, kRelu},
      {"2", 32, version_2(), 1280, 0, "Relu6"},
      {"3-small", 16, version_3_small(), 576, 1024, kSwish},
      {"3-large", 16, version_3_large(), 960, 1280, kSwish},
  };
  return table;
}

// Multiplies every channel by a number in [0, 1], computed by two layers from the channel means.
std::string squeeze_excite(NetworkBuilder& builder, const std::string& value,
                           const std::string& name) {
  const int64_t channels = builder.channels(value);
  std::string scale = builder.node("GlobalAveragePool", name + ".mean", {value});
  // The next multiple of 8, but not less than 90 % of a quarter: as in the authors' code.
  const int64_t wanted = channels / 4;
  int64_t squeezed = std::max<int64_t>(8, (wanted + 4) / 8 * 8);
  if (squeezed * 10 < wanted * 9) squeezed += 8;
  scale = builder.convolution(scale, name + ".squeeze",
                              {.channels = squeezed, .kernel = 1, .bias = true});
  scale = builder.node("Relu", name + ".act", {scale});
  scale = builder.convolution(scale, name + ".excite",
                              {.channels = channels, .kernel = 1, .bias = true});
  scale = builder.node("HardSigmoid", name + ".scale", {scale}, {{"alpha", 1.0F / 6}});
  return builder.node("Mul", name + ".mul", {value, scale});
}

std::string add_block(NetworkBuilder& builder, const std::string& value, const std::string& name,
                      const MobilenetBlock& block) {
  const int64_t channels = builder.channels(value);
  const bool inverted = block.expanded > 0;
  std::string inner = value;
  if (inverted && block.expanded != channels) {
    inner =
        builder.convolution_block(inner, name + ".expand", {block.expanded, 1}, block.activation);
  }
  const int64_t depth = builder.channels(inner);
  inner = builder.convolution_block(inner, name + ".depthwise",
                                    {depth, block.kernel, block.stride, depth}, block.activation);
  if (block.excite) inner = squeeze_excite(builder, inner, name + ".se");
  inner = builder.convolution_block(inner, name + ".project", {block.channels, 1},
                                    inverted ? "" : block.activation);
  if (!inverted || block.stride != 1 || block.channels != channels) return inner;
  return builder.node("Add", name + ".sum", {inner, value});
}

Network build_mobilenet(const Spec& spec, const std::vector<int64_t>& sample_shape,
                        int64_t num_classes, Random& random) {
  spec.require_known({});
  const MobilenetVariant& variant =
      find_named(mobilenet_variants(), spec.argument, "version of mobilenet");
  NetworkBuilder builder(spec.text, sample_shape, random, Initialization::kHe);
  std::string value = builder.image();
  value = builder.convolution_block(
      value, "stem", {variant.stem, 3, builder.small_images() ? 1 : 2}, variant.activation);
  for (size_t i = 0; i < variant.blocks.size(); ++i) {
    value = add_block(builder, value, fmt::format("block{}", i + 1), variant.blocks[i]);
  }
  if (variant.last > 0) {
    value = builder.convolution_block(value, "last", {variant.last, 1}, variant.activation);
  }
  value = builder.global_average(value, "mean");
  if (variant.hidden > 0) {
    value = builder.fully_connected(value, "hidden", variant.hidden, true);
    value = builder.activation(value, "hidden.act", variant.activation);
  }
  return builder.finish(builder.fully_connected(value, "head", num_classes, true), num_classes);
}

}  // namespace

Architecture mobilenet() {
  return {.name = {},
          .usage = "mobilenet:1|2|3-small|3-large",
          .summary = "MobileNet; the first convolution has stride 1 for images below 64 pixels",
          .build = build_mobilenet};
}

}  // namespace ncprune::architectures_files
