// Vision transformer (Dosovitskiy et al. 2021): patches of the image as a sequence, learned
// positions, blocks of self-attention and a perceptron of four times the width, each after a
// LayerNormalization. The classifier reads the mean over the positions instead of a class token,
// which works equally well (Beyer, Zhai, Kolesnikov 2022).
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <cmath>

#include "ncprune/base/error.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/network_builder.h"

namespace ncprune::architectures_files {
namespace {

struct VitVariant {
  int64_t patch;
  int64_t width;
  int64_t depth;
  int64_t heads;
};

VitVariant vit_variant(const Spec& spec) {
  const std::string where = fmt::format("'{}': PATCH,WIDTH,DEPTH,HEADS", spec.text);
  const std::vector<int64_t> numbers = parse_integers(spec.argument, where, 1, 1 << 13);
  if (numbers.size() != 4) {
    throw InputError(fmt::format("{}: {} numbers; wanted 4", where, numbers.size()));
  }
  const VitVariant variant{numbers[0], numbers[1], numbers[2], numbers[3]};
  if (variant.width % variant.heads != 0) {
    throw InputError(fmt::format("'{}': width {} is not a multiple of {} heads", spec.text,
                                 variant.width, variant.heads));
  }
  return variant;
}

// Every block has separate sizes, so that heads can be removed from one block and kept in another.
std::string reshape(NetworkBuilder& builder, const std::string& value, const std::string& name,
                    const std::vector<int64_t>& sizes) {
  const std::string shape =
      builder.initializer(name + ".shape", at::tensor(sizes, at::TensorOptions(at::kLong)));
  return builder.node("Reshape", name, {value, shape});
}

// [N, C, H, W] to [N, positions, width].
std::string sequence(NetworkBuilder& builder, const std::string& image, const VitVariant& variant) {
  std::string value = builder.convolution(image, "patches",
                                          {.channels = variant.width,
                                           .kernel = variant.patch,
                                           .stride = variant.patch,
                                           .bias = true,
                                           .padding = 0});
  value = reshape(builder, value, "columns", {0, variant.width, -1});
  return builder.node("Transpose", "places", {value}, {{"perm", std::vector<int64_t>{0, 2, 1}}});
}

// Softmax(Q K' / sqrt(width of a head)) V in every head.
std::string attention(NetworkBuilder& builder, const std::string& value, const std::string& name,
                      const VitVariant& variant) {
  const int64_t head = variant.width / variant.heads;
  const std::string scale = builder.initializer(
      "attention.scale",
      at::scalar_tensor(1 / std::sqrt(static_cast<double>(head)), at::TensorOptions(at::kFloat)));
  // [N, T, width] to [N, T, heads, head] with its axes in that order.
  const auto project = [&](const std::string& what, const std::vector<int64_t>& order) {
    const std::string all = builder.linear(value, name + "." + what, variant.width);
    const std::string heads =
        reshape(builder, all, name + "." + what + ".heads", {0, 0, variant.heads, head});
    return builder.node("Transpose", name + "." + what + ".front", {heads}, {{"perm", order}});
  };
  const std::string query = project("query", {0, 2, 1, 3});
  const std::string key = project("key", {0, 2, 3, 1});
  const std::string values = project("value", {0, 2, 1, 3});
  std::string weights = builder.node("MatMul", name + ".products", {query, key});
  weights = builder.node("Mul", name + ".scaled", {weights, scale});
  weights = builder.node("Softmax", name + ".weights", {weights}, {{"axis", int64_t{-1}}});
  std::string mixed = builder.node("MatMul", name + ".mixed", {weights, values});
  mixed = builder.node("Transpose", name + ".back", {mixed},
                       {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});
  mixed = reshape(builder, mixed, name + ".joined", {0, 0, variant.width});
  return builder.linear(mixed, name + ".out", variant.width);
}

std::string block(NetworkBuilder& builder, std::string value, const std::string& name,
                  const VitVariant& variant) {
  std::string inner = builder.layer_norm(value, name + ".norm1");
  inner = attention(builder, inner, name + ".attention", variant);
  value = builder.node("Add", name + ".sum1", {value, inner});
  inner =
      builder.linear(builder.layer_norm(value, name + ".norm2"), name + ".up", 4 * variant.width);
  inner = builder.activation(inner, name + ".act", "Gelu");
  return builder.node("Add", name + ".sum2",
                      {value, builder.linear(inner, name + ".down", variant.width)});
}

Network build_vit(const Spec& spec, const std::vector<int64_t>& sample_shape, int64_t num_classes,
                  Random& random) {
  spec.require_known({});
  const VitVariant variant = vit_variant(spec);
  NetworkBuilder builder(spec.text, sample_shape, random, Initialization::kGlorot);
  const std::string image = builder.image(variant.patch);
  const int64_t height = sample_shape.end()[-2];
  const int64_t width = sample_shape.end()[-1];
  if (height % variant.patch != 0 || width % variant.patch != 0) {
    throw InputError(fmt::format("'{}': patches of {} pixels do not tile images of {} x {}",
                                 spec.text, variant.patch, height, width));
  }
  const int64_t places = height / variant.patch * (width / variant.patch);
  const at::Tensor positions =
      at::empty({1, places, variant.width}).normal_(0, 0.02, random.generator());
  std::string value = builder.node(
      "Add", "embedding",
      {sequence(builder, image, variant), builder.initializer("positions", positions)});
  for (int64_t i = 1; i <= variant.depth; ++i) {
    value = block(builder, value, fmt::format("block{}", i), variant);
  }
  value = builder.layer_norm(value, "last");
  value = builder.node("ReduceMean", "mean", {value},
                       {{"axes", std::vector<int64_t>{1}}, {"keepdims", int64_t{0}}});
  return builder.finish(builder.fully_connected(value, "head", num_classes, true), num_classes);
}

}  // namespace

Architecture vit() {
  return {.name = {},
          .usage = "vit:4,192,6,3 (PATCH,WIDTH,DEPTH,HEADS)",
          .summary = "vision transformer; the patches tile the image, their mean is classified",
          .build = build_vit};
}

}  // namespace ncprune::architectures_files
