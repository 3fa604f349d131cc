// Multilayer perceptron: Flatten, then Gemm [+ BatchNormalization] + activation per hidden layer,
// then the Gemm that is the classifier.
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "ncprune/base/error.h"
#include "ncprune/model/architectures.h"

namespace ncprune::architectures_files {
namespace {

// Both draw uniformly from [-a, a]: "torch" a = 1/sqrt(in), what PyTorch's Linear does;
// "glorot" a = sqrt(6/(in + out)) (Glorot, Bengio 2010), what Keras's Dense does.
at::Tensor initial_weight(int64_t out, int64_t in, const Spec& spec, Random& random) {
  const std::string init = spec.get("init", "torch");
  if (init != "torch" && init != "glorot") {
    throw InputError(fmt::format("'{}': init is '{}'; wanted torch or glorot", spec.text, init));
  }
  const double bound = init == "torch" ? 1 / std::sqrt(static_cast<double>(in))
                                       : std::sqrt(6 / static_cast<double>(in + out));
  return at::empty({out, in}).uniform_(-bound, bound, random.generator());
}

std::string activation_type(const Spec& spec) {
  const std::string name = spec.get("activation", "relu");
  if (name == "relu") return "Relu";
  if (name == "leaky-relu") return "LeakyRelu";
  if (name == "tanh") return "Tanh";
  if (name == "sigmoid") return "Sigmoid";
  throw InputError(fmt::format("'{}': activation is '{}'; wanted relu, leaky-relu, tanh or sigmoid",
                               spec.text, name));
}

Network build(const Spec& spec, const std::vector<int64_t>& sample_shape, int64_t num_classes,
              Random& random) {
  spec.require_known({"activation", "batchnorm", "bias", "init"});
  std::vector<int64_t> widths;
  if (!spec.argument.empty()) {
    widths = parse_integers(spec.argument, fmt::format("'{}': widths", spec.text), 1, 1 << 20);
  }
  widths.push_back(num_classes);
  const std::string activation = activation_type(spec);
  const bool bias = spec.get_bool("bias", true);
  const bool batchnorm = spec.get_bool("batchnorm", false);

  Network network;
  network.name = spec.text;
  network.input = {"input", {-1}};
  network.input.shape.insert(network.input.shape.end(), sample_shape.begin(), sample_shape.end());
  network.output = {"logits", {-1, num_classes}};
  const auto add = [&](Node node) { network.nodes.push_back(std::move(node)); };
  add({"Flatten", "flatten", {"input"}, {"flat"}, {{"axis", int64_t{1}}}});
  int64_t in =
      std::accumulate(sample_shape.begin(), sample_shape.end(), int64_t{1}, std::multiplies<>());
  std::string value = "flat";
  for (size_t l = 0; l < widths.size(); ++l) {
    const bool last = l + 1 == widths.size();
    const std::string layer = last ? "head" : fmt::format("fc{}", l + 1);
    network.initializers[layer + ".weight"] = initial_weight(widths[l], in, spec, random);
    Node gemm{"Gemm",
              layer,
              {value, layer + ".weight"},
              {last ? "logits" : layer + ".out"},
              {{"transB", int64_t{1}}}};
    if (bias) {
      const double bound = 1 / std::sqrt(static_cast<double>(in));
      network.initializers[layer + ".bias"] =
          spec.get("init", "torch") == "torch"
              ? at::empty({widths[l]}).uniform_(-bound, bound, random.generator())
              : at::zeros({widths[l]});
      gemm.inputs.push_back(layer + ".bias");
    }
    value = gemm.outputs.front();
    add(std::move(gemm));
    in = widths[l];
    if (last) break;
    if (batchnorm) {
      const std::string norm = fmt::format("bn{}", l + 1);
      network.initializers[norm + ".scale"] = at::ones({in});
      network.initializers[norm + ".shift"] = at::zeros({in});
      network.initializers[norm + ".mean"] = at::zeros({in});
      network.initializers[norm + ".var"] = at::ones({in});
      add({"BatchNormalization",
           norm,
           {value, norm + ".scale", norm + ".shift", norm + ".mean", norm + ".var"},
           {norm + ".out"},
           {}});
      value = norm + ".out";
    }
    const std::string active = fmt::format("act{}", l + 1);
    add({activation, active, {value}, {active + ".out"}, {}});
    value = active + ".out";
  }
  return network;
}

}  // namespace

Architecture mlp() {
  return {.name = {},
          .usage =
              "mlp:1000,200[?bias=false&batchnorm=true&activation=relu|leaky-relu|tanh|sigmoid"
              "&init=torch|glorot]",
          .summary = "multilayer perceptron with the given hidden widths",
          .build = build};
}

}  // namespace ncprune::architectures_files
