// Plain convolutional network: 3 x 3 convolutions with BatchNormalization and Relu, max-pooling
// wherever the width grows, global average pooling, and a Gemm as the classifier.
#include <fmt/format.h>

#include "ncprune/model/architectures.h"
#include "ncprune/model/network_builder.h"

namespace ncprune::architectures_files {
namespace {

Network build_cnn(const Spec& spec, const std::vector<int64_t>& sample_shape, int64_t num_classes,
                  Random& random) {
  spec.require_known({"batchnorm"});
  const bool batchnorm = spec.get_bool("batchnorm", true);
  const std::vector<int64_t> widths =
      parse_integers(spec.argument, fmt::format("'{}': widths", spec.text), 1, 1 << 16);
  NetworkBuilder builder(spec.text, sample_shape, random, Initialization::kHe);
  std::string value = builder.image();
  for (size_t l = 0; l < widths.size(); ++l) {
    if (l > 0 && widths[l] > widths[l - 1])
      value = builder.max_pool(value, fmt::format("pool{}", l + 1), {});
    value =
        builder.convolution(value, fmt::format("conv{}", l + 1), {widths[l], 3, 1, 1, !batchnorm});
    if (batchnorm) value = builder.batch_norm(value, fmt::format("bn{}", l + 1));
    value = builder.node("Relu", fmt::format("act{}", l + 1), {value});
  }
  value = builder.global_average(value, "mean");
  return builder.finish(builder.fully_connected(value, "head", num_classes, true), num_classes);
}

}  // namespace

Architecture cnn() {
  return {.name = {},
          .usage = "cnn:32,32,64,64,128[?batchnorm=false]",
          .summary = "3 x 3 convolutions of the given widths, halved where the width grows",
          .build = build_cnn};
}

}  // namespace ncprune::architectures_files
