// Wide residual networks (Zagoruyko, Komodakis 2016): the three CIFAR stages with k times the
// channels, in blocks that normalize before each convolution. A shortcut that changes the shape is
// a 1 x 1 convolution of the normalized input.
#include <fmt/format.h>

#include "ncprune/base/error.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/network_builder.h"

namespace ncprune::architectures_files {
namespace {

std::string wide_residual_block(NetworkBuilder& builder, const std::string& value,
                                const std::string& name, const ConvolutionSpec& first) {
  const std::string ready = builder.normalized(value, name + ".norm", "Relu");
  std::string inner = builder.convolution_block(ready, name + ".conv1", first, "Relu");
  inner = builder.convolution(inner, name + ".conv2", {first.channels});
  std::string shortcut = value;
  if (first.stride != 1 || builder.channels(value) != first.channels) {
    shortcut = builder.convolution(ready, name + ".shortcut", {first.channels, 1, first.stride});
  }
  return builder.node("Add", name + ".sum", {inner, shortcut});
}

Network build_wide_resnet(const Spec& spec, const std::vector<int64_t>& sample_shape,
                          int64_t num_classes, Random& random) {
  spec.require_known({});
  const auto [depth, factor] = pair_in(spec, "DEPTH-WIDTH, as in 28-10");
  if (depth < 10 || depth % 6 != 4) {
    throw InputError(
        fmt::format("'{}': depth {} is not 6 n + 4: 10, 16, 22, 28, ...", spec.text, depth));
  }
  NetworkBuilder builder(spec.text, sample_shape, random, Initialization::kHe);
  std::string value = builder.convolution(builder.image(), "stem", {16});
  for (int64_t stage = 0; stage < 3; ++stage) {
    for (int64_t i = 1; i <= (depth - 4) / 6; ++i) {
      value = wide_residual_block(
          builder, value, fmt::format("block{}.{}", stage + 1, i),
          {.channels = (16 * factor) << stage, .stride = stage > 0 && i == 1 ? 2 : 1});
    }
  }
  value = builder.global_average(builder.normalized(value, "last", "Relu"), "mean");
  return builder.finish(builder.fully_connected(value, "head", num_classes, true), num_classes);
}

}  // namespace

Architecture wide_resnet() {
  return {.name = {},
          .usage = "wide-resnet:28-10 (depth 6 n + 4, width)",
          .summary = "residual network for CIFAR of so many times the channels",
          .build = build_wide_resnet};
}

}  // namespace ncprune::architectures_files
