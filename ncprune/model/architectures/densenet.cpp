// Densely connected networks with bottlenecks and compression, DenseNet-BC (Huang, Liu, van der
// Maaten, Weinberger 2017): every layer reads the outputs of all earlier layers of its stage; a
// transition between stages halves channels and size.
#include <fmt/format.h>

#include "ncprune/base/error.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/network_builder.h"

namespace ncprune::architectures_files {
namespace {

struct DensenetVariant {
  std::vector<int64_t> layers;  // per stage
  int64_t growth;               // channels that a layer adds
  bool imagenet;
};

DensenetVariant densenet_variant(const Spec& spec) {
  if (spec.argument == "121") return {{6, 12, 24, 16}, 32, true};
  const auto [depth, growth] = pair_in(spec, "121 or DEPTH-GROWTH, as in 40-12");
  if (depth < 10 || depth % 6 != 4) {
    throw InputError(fmt::format("'{}': depth {} is not 6 n + 4: 10, 16, 22, 28, 34, 40, ...",
                                 spec.text, depth));
  }
  return {std::vector<int64_t>(3, (depth - 4) / 6), growth, false};
}

std::string dense_layer(NetworkBuilder& builder, const std::string& value, const std::string& name,
                        int64_t growth) {
  std::string added = builder.normalized(value, name + ".norm", "Relu");
  added = builder.convolution_block(added, name + ".conv1", {4 * growth, 1}, "Relu");
  added = builder.convolution(added, name + ".conv2", {growth});
  return builder.concat({value, added}, name + ".all");
}

std::string transition(NetworkBuilder& builder, const std::string& value, const std::string& name) {
  std::string next = builder.normalized(value, name + ".norm", "Relu");
  next = builder.convolution(next, name + ".conv", {builder.channels(next) / 2, 1});
  return builder.node(
      "AveragePool", name + ".pool", {next},
      {{"kernel_shape", std::vector<int64_t>{2, 2}}, {"strides", std::vector<int64_t>{2, 2}}});
}

Network build_densenet(const Spec& spec, const std::vector<int64_t>& sample_shape,
                       int64_t num_classes, Random& random) {
  spec.require_known({});
  const DensenetVariant variant = densenet_variant(spec);
  NetworkBuilder builder(spec.text, sample_shape, random, Initialization::kHe);
  std::string value = builder.image(int64_t{1} << (variant.layers.size() - 1));
  value = variant.imagenet ? builder.imagenet_stem(value, 2 * variant.growth)
                           : builder.convolution(value, "stem", {2 * variant.growth});
  for (size_t stage = 1; stage <= variant.layers.size(); ++stage) {
    if (stage > 1) value = transition(builder, value, fmt::format("transition{}", stage - 1));
    for (int64_t i = 1; i <= variant.layers[stage - 1]; ++i) {
      value = dense_layer(builder, value, fmt::format("layer{}.{}", stage, i), variant.growth);
    }
  }
  value = builder.global_average(builder.normalized(value, "last", "Relu"), "mean");
  return builder.finish(builder.fully_connected(value, "head", num_classes, true), num_classes);
}

}  // namespace

Architecture densenet() {
  return {.name = {},
          .usage = "densenet:40-12 (CIFAR; depth 6 n + 4, growth) or densenet:121 (ImageNet)",
          .summary =
              "DenseNet-BC; ImageNet's has a 3 x 3 stem without pooling for images below 64 "
              "pixels",
          .build = build_densenet};
}

}  // namespace ncprune::architectures_files
