#pragma once

#include "tests/small_network.h"

namespace ncprune {

// A convolution of two groups [6, 2, 2, 2] on [4, 3, 3], or what it equals: a convolution for each
// half of the channels. Behind it BatchNormalization, which its convolution then leaves the bias
// to, or not; Relu, a hidden layer and the head.
inline Network in_two_groups(bool as_one, bool norm) {
  Network network;
  network.input = {"input", {-1, 4, 3, 3}};
  network.output = {"logits", {-1, 3}};
  const auto initializer = [&](const std::string& name, const at::Tensor& value) {
    network.initializers[name] = value.to(at::kFloat).contiguous();
  };
  // Convolution, BatchNormalization and Relu with rows [begin, end) of all their tensors.
  const auto block = [&](const std::string& from, const std::string& to, int64_t begin,
                         int64_t end) {
    const auto tensor = [&](const std::string& name, const at::Tensor& whole) {
      initializer(to + name, whole.slice(0, begin, end));
      return to + name;
    };
    Node conv{"Conv", to, {from, tensor(".w", normal({6, 2, 2, 2}, 21))}, {to + ".z"}, {}};
    if (as_one) conv.attributes["group"] = int64_t{2};
    if (!norm) conv.inputs.push_back(tensor(".b", normal({6}, 22)));
    network.nodes.push_back(conv);
    std::string last = to + ".z";
    if (norm) {
      last = to + ".n";
      network.nodes.push_back(
          {"BatchNormalization",
           "",
           {to + ".z", tensor(".scale", normal({6}, 23)), tensor(".shift", normal({6}, 24)),
            tensor(".mean", normal({6}, 25)), tensor(".var", normal({6}, 26).square() + 1)},
           {last},
           {}});
    }
    network.nodes.push_back({"Relu", "", {last}, {to}, {}});
  };
  if (as_one) {
    block("input", "both", 0, 6);
  } else {
    network.nodes.push_back({"Split", "", {"input"}, {"left", "right"}, {{"axis", int64_t{1}}}});
    block("left", "a", 0, 3);
    block("right", "b", 3, 6);
    network.nodes.push_back({"Concat", "", {"a", "b"}, {"both"}, {{"axis", int64_t{1}}}});
  }
  const std::map<std::string, Attribute> transposed{{"transB", int64_t{1}}};
  initializer("hidden.w", normal({8, 24}, 27) * 0.2);
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
