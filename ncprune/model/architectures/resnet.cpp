// Residual networks (He, Zhang, Ren, Sun 2016). Depths 20 to 110 are the paper's networks for CIFAR
// with three stages of 16, 32 and 64 channels, except that a shortcut that changes the shape is a 1
// x 1 convolution (the paper's option B) instead of a padded identity (option A), because a
// convolution can be pruned. Depths 18 to 101 are those for ImageNet, with the stride in the 3 x 3
// convolution of a bottleneck.
#include <fmt/format.h>

#include "ncprune/base/lookup.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/network_builder.h"

namespace ncprune::architectures_files {
namespace {

struct ResnetVariant {
  std::string name;
  std::vector<int64_t> blocks;  // per stage
  bool imagenet;
  int64_t expansion;  // output channels over those of the 3 x 3 convolution; 1: basic block
};

const std::vector<ResnetVariant>& resnet_variants() {
  static const std::vector<ResnetVariant> table{
      {"20", {3, 3, 3}, false, 1},     {"32", {5, 5, 5}, false, 1},
      {"44", {7, 7, 7}, false, 1},     {"56", {9, 9, 9}, false, 1},
      {"110", {18, 18, 18}, false, 1}, {"18", {2, 2, 2, 2}, true, 1},
      {"34", {3, 4, 6, 3}, true, 1},   {"50", {3, 4, 6, 3}, true, 4},
      {"101", {3, 4, 23, 3}, true, 4}};
  return table;
}

struct ResnetBlock {
  std::string name;
  int64_t width;  // channels of its 3 x 3 convolutions
  int64_t expansion;
  int64_t stride;
};

std::string residual_block(NetworkBuilder& builder, const std::string& value,
                           const ResnetBlock& block) {
  std::string inner = value;
  if (block.expansion == 1) {
    inner = builder.convolution_block(inner, block.name + ".conv1", {block.width, 3, block.stride},
                                      "Relu");
  } else {
    inner = builder.convolution_block(inner, block.name + ".conv1", {block.width, 1}, "Relu");
    inner = builder.convolution_block(inner, block.name + ".conv2", {block.width, 3, block.stride},
                                      "Relu");
  }
  const int64_t channels = block.width * block.expansion;
  const int64_t kernel = block.expansion == 1 ? 3 : 1;
  const std::string last = block.name + (block.expansion == 1 ? ".conv2" : ".conv3");
  inner = builder.convolution_block(inner, last, {channels, kernel}, "");
  std::string shortcut = value;
  if (block.stride != 1 || builder.channels(value) != channels) {
    shortcut =
        builder.convolution_block(value, block.name + ".shortcut", {channels, 1, block.stride}, "");
  }
  return builder.node("Relu", block.name + ".out",
                      {builder.node("Add", block.name + ".sum", {inner, shortcut})});
}

Network build_resnet(const Spec& spec, const std::vector<int64_t>& sample_shape,
                     int64_t num_classes, Random& random) {
  spec.require_known({});
  const ResnetVariant& variant = find_named(resnet_variants(), spec.argument, "depth of resnet");
  NetworkBuilder builder(spec.text, sample_shape, random, Initialization::kHe);
  int64_t width = variant.imagenet ? 64 : 16;
  std::string value = builder.image();
  value = variant.imagenet ? builder.imagenet_stem(value, width)
                           : builder.convolution_block(value, "stem", {width}, "Relu");
  for (size_t stage = 0; stage < variant.blocks.size(); ++stage) {
    for (int64_t i = 1; i <= variant.blocks[stage]; ++i) {
      value = residual_block(builder, value,
                             {.name = fmt::format("block{}.{}", stage + 1, i),
                              .width = width,
                              .expansion = variant.expansion,
                              .stride = stage > 0 && i == 1 ? 2 : 1});
    }
    width *= 2;
  }
  value = builder.global_average(value, "mean");
  return builder.finish(builder.fully_connected(value, "head", num_classes, true), num_classes);
}

}  // namespace

Architecture resnet() {
  return {.name = {},
          .usage = "resnet:20|32|44|56|110 (CIFAR) or resnet:18|34|50|101 (ImageNet)",
          .summary =
              "residual networks with 1 x 1 shortcuts; ImageNet's have a 3 x 3 stem without "
              "pooling for images below 64 pixels",
          .build = build_resnet};
}

}  // namespace ncprune::architectures_files
