#include "ncprune/model/network_builder.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

int64_t product_of(std::vector<int64_t>::const_iterator begin,
                   std::vector<int64_t>::const_iterator end) {
  return std::accumulate(begin, end, int64_t{1}, std::multiplies<>());
}

}  // namespace

NetworkBuilder::NetworkBuilder(const std::string& name, const std::vector<int64_t>& sample_shape,
                               Random& random, Initialization init)
    : random_(random), init_(init) {
  network_.name = name;
  network_.input = {"input", {-1}};
  network_.input.shape.insert(network_.input.shape.end(), sample_shape.begin(), sample_shape.end());
}

std::string NetworkBuilder::input() {
  channels_["input"] = network_.input.shape.at(1);
  return "input";
}

std::string NetworkBuilder::image(int64_t least) {
  std::vector<int64_t>& shape = network_.input.shape;
  if (shape.size() == 3) shape.insert(shape.begin() + 1, 1);
  if (shape.size() != 4) {
    throw InputError(
        fmt::format("'{}' takes images, [height, width] or [channels, height, "
                    "width]; samples have {} axes",
                    network_.name, shape.size() - 1));
  }
  if (std::min(shape[2], shape[3]) < least) {
    throw InputError(fmt::format("'{}' takes images of at least {} x {} pixels; these have {} x {}",
                                 network_.name, least, least, shape[2], shape[3]));
  }
  return input();
}

bool NetworkBuilder::small_images() const {
  const std::vector<int64_t>& shape = network_.input.shape;
  return std::min(shape.at(2), shape.at(3)) < 64;
}

void NetworkBuilder::add_weights(const std::string& name, const std::vector<int64_t>& shape,
                                 bool bias) {
  const int64_t inputs = product_of(shape.begin() + 1, shape.end());
  const auto outputs = static_cast<double>(shape[0] * product_of(shape.begin() + 2, shape.end()));
  const double torch_bound = 1 / std::sqrt(static_cast<double>(inputs));
  at::Tensor weight = at::empty(shape);
  if (init_ == Initialization::kHe && shape.size() > 2) {
    weight.normal_(0, std::sqrt(2 / outputs), random_.generator());
  } else {
    const double bound = init_ == Initialization::kGlorot
                             ? std::sqrt(6 / (static_cast<double>(inputs) + outputs))
                             : torch_bound;
    weight.uniform_(-bound, bound, random_.generator());
  }
  network_.initializers[name + ".weight"] = weight;
  if (!bias) return;
  network_.initializers[name + ".bias"] =
      init_ == Initialization::kTorch
          ? at::empty({shape[0]}).uniform_(-torch_bound, torch_bound, random_.generator())
          : at::zeros({shape[0]});
}

std::string NetworkBuilder::add(Node node, int64_t channels) {
  std::string output = node.outputs.front();
  channels_[output] = channels;
  network_.nodes.push_back(std::move(node));
  return output;
}

std::string NetworkBuilder::convolution(const std::string& value, const std::string& name,
                                        const ConvolutionSpec& spec) {
  const int64_t k = spec.kernel;
  add_weights(name, {spec.channels, channels(value) / spec.groups, k, k}, spec.bias);
  std::vector<std::string> inputs{value, name + ".weight"};
  if (spec.bias) inputs.push_back(name + ".bias");
  return add({"Conv",
              name,
              inputs,
              {name + ".out"},
              {{"kernel_shape", std::vector<int64_t>{k, k}},
               {"strides", std::vector<int64_t>(2, spec.stride)},
               {"pads", std::vector<int64_t>(4, spec.padding.value_or((k - 1) / 2))},
               {"group", spec.groups}}},
             spec.channels);
}

std::string NetworkBuilder::fully_connected(const std::string& value, const std::string& name,
                                            int64_t outputs, bool bias) {
  add_weights(name, {outputs, channels(value)}, bias);
  std::vector<std::string> inputs{value, name + ".weight"};
  if (bias) inputs.push_back(name + ".bias");
  return add({"Gemm", name, inputs, {name + ".out"}, {{"transB", int64_t{1}}}}, outputs);
}

std::string NetworkBuilder::batch_norm(const std::string& value, const std::string& name) {
  const int64_t c = channels(value);
  network_.initializers[name + ".scale"] = at::ones({c});
  network_.initializers[name + ".shift"] = at::zeros({c});
  network_.initializers[name + ".mean"] = at::zeros({c});
  network_.initializers[name + ".var"] = at::ones({c});
  return add({"BatchNormalization",
              name,
              {value, name + ".scale", name + ".shift", name + ".mean", name + ".var"},
              {name + ".out"},
              {}},
             c);
}

std::string NetworkBuilder::initializer(const std::string& name, const at::Tensor& tensor) {
  network_.initializers[name] = tensor;
  return name;
}

std::string NetworkBuilder::number(const std::string& name, double value) {
  return initializer(name, at::scalar_tensor(value, at::TensorOptions(at::kFloat)));
}

// x (1 + erf(x / sqrt 2)) / 2, as PyTorch exports it.
std::string NetworkBuilder::gelu(const std::string& value, const std::string& name) {
  std::string share = node("Div", name + ".div", {value, number("gelu.root", std::sqrt(2.0))});
  share = node("Erf", name + ".erf", {share});
  share = node("Add", name + ".add", {share, number("gelu.one", 1)});
  share = node("Mul", name + ".mul", {value, share});
  return node("Mul", name, {share, number("gelu.half", 0.5)});
}

std::string NetworkBuilder::activation(const std::string& value, const std::string& name,
                                       const std::string& kind) {
  if (kind.empty()) return value;
  if (kind == "Gelu") return gelu(value, name);
  if (kind != "Relu6") return node(kind, name, {value});
  return node("Clip", name, {value, number("relu6.low", 0), number("relu6.high", 6)});
}

std::string NetworkBuilder::normalized(const std::string& value, const std::string& name,
                                       const std::string& kind) {
  return activation(batch_norm(value, name + ".bn"), name + ".act", kind);
}

std::string NetworkBuilder::convolution_block(const std::string& value, const std::string& name,
                                              const ConvolutionSpec& spec,
                                              const std::string& kind) {
  return normalized(convolution(value, name, spec), name, kind);
}

std::string NetworkBuilder::imagenet_stem(const std::string& value, int64_t channels) {
  if (small_images()) return convolution_block(value, "stem", {channels}, "Relu");
  return max_pool(convolution_block(value, "stem", {channels, 7, 2}, "Relu"), "stem.pool",
                  {3, 2, 1});
}

std::string NetworkBuilder::layer_norm(const std::string& value, const std::string& name) {
  const int64_t c = channels(value);
  const std::string scale = initializer(name + ".scale", at::ones({c}));
  const std::string shift = initializer(name + ".shift", at::zeros({c}));
  return node("LayerNormalization", name, {value, scale, shift}, {{"axis", int64_t{-1}}});
}

std::string NetworkBuilder::linear(const std::string& value, const std::string& name,
                                   int64_t outputs) {
  add_weights(name, {outputs, channels(value)}, true);
  at::Tensor& weight = network_.initializers.at(name + ".weight");
  weight = weight.t().contiguous();
  const std::string product =
      add({"MatMul", name, {value, name + ".weight"}, {name + ".product"}, {}}, outputs);
  return add({"Add", name + ".add", {product, name + ".bias"}, {name + ".out"}, {}}, outputs);
}

std::string NetworkBuilder::node(const std::string& op_type, const std::string& name,
                                 const std::vector<std::string>& values,
                                 const std::map<std::string, Attribute>& attributes) {
  return add({op_type, name, values, {name + ".out"}, attributes}, channels(values.front()));
}

std::string NetworkBuilder::max_pool(const std::string& value, const std::string& name,
                                     const PoolingSpec& spec) {
  return node("MaxPool", name, {value},
              {{"kernel_shape", std::vector<int64_t>(2, spec.kernel)},
               {"strides", std::vector<int64_t>(2, spec.stride)},
               {"pads", std::vector<int64_t>(4, spec.padding)}});
}

std::string NetworkBuilder::global_average(const std::string& value, const std::string& name) {
  const std::string pooled = node("GlobalAveragePool", name, {value});
  return flatten(pooled, name + ".flat", channels(value));
}

std::string NetworkBuilder::flatten(const std::string& value, const std::string& name,
                                    int64_t features) {
  return add({"Flatten", name, {value}, {name + ".out"}, {{"axis", int64_t{1}}}}, features);
}

std::string NetworkBuilder::concat(const std::vector<std::string>& values,
                                   const std::string& name) {
  int64_t total = 0;
  for (const std::string& value : values) total += channels(value);
  return add({"Concat", name, values, {name + ".out"}, {{"axis", int64_t{1}}}}, total);
}

Network NetworkBuilder::finish(const std::string& logits, int64_t num_classes) {
  for (Node& node : network_.nodes) {
    if (node.outputs.front() == logits) node.outputs.front() = "logits";
  }
  network_.output = {"logits", {-1, num_classes}};
  return std::move(network_);
}

}  // namespace ncprune
