// Multilayer perceptron: Flatten, then Gemm [+ BatchNormalization] + activation per hidden layer,
// then a Gemm as the classifier.
#include <fmt/format.h>

#include <numeric>

#include "ncprune/base/error.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/network_builder.h"

namespace ncprune::architectures_files {
namespace {

Initialization initialization(const Spec& spec) {
  const std::string init = spec.get("init", "torch");
  if (init == "torch") return Initialization::kTorch;
  if (init == "glorot") return Initialization::kGlorot;
  throw InputError(fmt::format("'{}': init is '{}'; wanted torch or glorot", spec.text, init));
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

Network build_mlp(const Spec& spec, const std::vector<int64_t>& sample_shape, int64_t num_classes,
                  Random& random) {
  spec.require_known({"activation", "batchnorm", "bias", "init"});
  std::vector<int64_t> widths;
  if (!spec.argument.empty()) {
    widths = parse_integers(spec.argument, fmt::format("'{}': widths", spec.text), 1, 1 << 20);
  }
  const std::string activation = activation_type(spec);
  const bool bias = spec.get_bool("bias", true);
  const bool batchnorm = spec.get_bool("batchnorm", false);

  NetworkBuilder builder(spec.text, sample_shape, random, initialization(spec));
  std::string value = builder.flatten(
      builder.input(), "flatten",
      std::accumulate(sample_shape.begin(), sample_shape.end(), int64_t{1}, std::multiplies<>()));
  for (size_t l = 0; l < widths.size(); ++l) {
    value = builder.fully_connected(value, fmt::format("fc{}", l + 1), widths[l], bias);
    if (batchnorm) value = builder.batch_norm(value, fmt::format("bn{}", l + 1));
    value = builder.node(activation, fmt::format("act{}", l + 1), {value});
  }
  return builder.finish(builder.fully_connected(value, "head", num_classes, bias), num_classes);
}

}  // namespace

Architecture mlp() {
  return {.name = {},
          .usage =
              "mlp:1000,200[?bias=false&batchnorm=true&activation=relu|leaky-relu|tanh|sigmoid"
              "&init=torch|glorot]",
          .summary = "multilayer perceptron with the given hidden widths",
          .build = build_mlp};
}

}  // namespace ncprune::architectures_files
