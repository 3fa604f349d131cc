#include "ncprune/model/network_builder.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

int64_t product(std::vector<int64_t>::const_iterator begin,
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

std::string NetworkBuilder::input(bool as_image) {
  std::vector<int64_t>& shape = network_.input.shape;
  if (as_image) {
    if (shape.size() == 3) shape.insert(shape.begin() + 1, 1);
    if (shape.size() != 4) {
      throw InputError(
          fmt::format("'{}' takes images, [height, width] or [channels, height, "
                      "width]; samples have {} axes",
                      network_.name, shape.size() - 1));
    }
  }
  channels_["input"] = shape.at(1);
  return "input";
}

void NetworkBuilder::add_weights(const std::string& name, const std::vector<int64_t>& shape,
                                 bool bias) {
  const int64_t inputs = product(shape.begin() + 1, shape.end());
  const auto outputs = static_cast<double>(shape[0] * product(shape.begin() + 2, shape.end()));
  const double torch_bound = 1 / std::sqrt(static_cast<double>(inputs));
  at::Tensor weight = at::empty(shape);
  if (init_ == Initialization::kHe) {
    weight.normal_(0, std::sqrt(2 / outputs), random_.generator());
  } else {
    const double bound = init_ == Initialization::kTorch
                             ? torch_bound
                             : std::sqrt(6 / (static_cast<double>(inputs) + outputs));
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
  const std::string output = node.outputs.front();
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
               {"pads", std::vector<int64_t>(4, spec.padding())},
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

std::string NetworkBuilder::node(const std::string& op_type, const std::string& name,
                                 const std::vector<std::string>& values,
                                 const std::map<std::string, Attribute>& attributes) {
  return add({op_type, name, values, {name + ".out"}, attributes}, channels(values.front()));
}

std::string NetworkBuilder::max_pool(const std::string& value, const std::string& name,
                                     int64_t kernel, int64_t stride, int64_t padding) {
  return node("MaxPool", name, {value},
              {{"kernel_shape", std::vector<int64_t>(2, kernel)},
               {"strides", std::vector<int64_t>(2, stride)},
               {"pads", std::vector<int64_t>(4, padding)}});
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
