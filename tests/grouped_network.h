#pragma once

#include "tests/small_network.h"

namespace ncprune {

// Two convolutions of two groups, [6, 2, 2, 2] and [4, 3, 1, 1], on [4, 3, 3], or what they equal:
// two convolutions for each half of the channels. Behind each BatchNormalization, which its
// convolution then leaves the bias to, or not, and Relu; then a hidden layer and the head.
inline Network in_two_groups(bool as_one, bool norm) {
  Network network;
  network.input = {"input", {-1, 4, 3, 3}};
  network.output = {"logits", {-1, 3}};
  const auto initializer = [&](const std::string& name, const at::Tensor& value) {
    network.initializers[name] = value.to(at::kFloat).contiguous();
  };
  // Convolution, BatchNormalization and Relu with these shares of their tensors: all, or a half.
  const auto block = [&](const std::string& from, const std::string& to, const at::Tensor& weight,
                         int64_t half) {
    const int64_t out = weight.size(0);
    const auto tensor = [&](const std::string& name, const at::Tensor& whole) {
      initializer(to + name, as_one ? whole : whole.chunk(2)[static_cast<size_t>(half)]);
      return to + name;
    };
    const auto vector = [&](const std::string& name, uint64_t seed) {
      const at::Tensor values = normal({out}, seed);
      return tensor(name, name == ".var" ? values.square() + 1 : values);
    };
    Node conv{"Conv", to, {from, tensor(".w", weight)}, {to + ".z"}, {}};
    if (as_one) conv.attributes["group"] = int64_t{2};
    if (!norm) conv.inputs.push_back(vector(".b", 22));
    network.nodes.push_back(conv);
    std::string last = to + ".z";
    if (norm) {
      last = to + ".n";
      network.nodes.push_back({"BatchNormalization",
                               "",
                               {to + ".z", vector(".scale", 23), vector(".shift", 24),
                                vector(".mean", 25), vector(".var", 26)},
                               {last},
                               {}});
    }
    network.nodes.push_back({"Relu", "", {last}, {to}, {}});
  };
  const at::Tensor first = normal({6, 2, 2, 2}, 21);
  const at::Tensor second = normal({4, 3, 1, 1}, 20);
  if (as_one) {
    block("input", "wide", first, 0);
    block("wide", "both", second, 0);
  } else {
    network.nodes.push_back({"Split", "", {"input"}, {"left", "right"}, {{"axis", int64_t{1}}}});
    block("left", "a", first, 0);
    block("right", "b", first, 1);
    block("a", "c", second, 0);
    block("b", "d", second, 1);
    network.nodes.push_back({"Concat", "", {"c", "d"}, {"both"}, {{"axis", int64_t{1}}}});
  }
  const std::map<std::string, Attribute> transposed{{"transB", int64_t{1}}};
  initializer("hidden.w", normal({8, 16}, 27) * 0.2);
  initializer("hidden.b", normal({8}, 28));
  initializer("head.w", normal({3, 8}, 29));
  initializer("head.b", normal({3}, 30));
  network.nodes.push_back({"Flatten", "", {"both"}, {"flat"}, {}});
  network.nodes.push_back(
      {"Gemm", "hidden", {"flat", "hidden.w", "hidden.b"}, {"hidden.z"}, transposed});
  std::string last = "hidden.z";
  if (norm) {
    last = "hidden.n";
    for (const char* name : {"scale", "var"}) initializer(name, normal({8}, 31).square() + 0.5);
    for (const char* name : {"shift", "mean"}) initializer(name, normal({8}, 32));
    network.nodes.push_back(
        {"BatchNormalization", "", {"hidden.z", "scale", "shift", "mean", "var"}, {last}, {}});
  }
  network.nodes.push_back({"Relu", "", {last}, {"hidden"}, {}});
  network.nodes.push_back({"Gemm", "head", {"hidden", "head.w", "head.b"}, {"logits"}, transposed});
  return network;
}

}  // namespace ncprune
