// VGG with BatchNormalization (Simonyan, Zisserman 2015; Ioffe, Szegedy 2015): five stages of 3 x 3
// convolutions, each followed by max-pooling, then global average pooling and one fully connected
// layer instead of the original three, as is usual for small images.
#include <fmt/format.h>

#include <algorithm>

#include "ncprune/base/lookup.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/network_builder.h"

namespace ncprune::architectures_files {
namespace {

struct VggVariant {
  std::string name;
  std::vector<int64_t> convolutions;  // per stage
};

const std::vector<VggVariant>& vgg_variants() {
  static const std::vector<VggVariant> table{{"11", {1, 1, 2, 2, 2}},
                                             {"13", {2, 2, 2, 2, 2}},
                                             {"16", {2, 2, 3, 3, 3}},
                                             {"19", {2, 2, 4, 4, 4}}};
  return table;
}

Network build_vgg(const Spec& spec, const std::vector<int64_t>& sample_shape, int64_t num_classes,
                  Random& random) {
  spec.require_known({});
  const VggVariant& variant = find_named(vgg_variants(), spec.argument, "depth of vgg");
  NetworkBuilder builder(spec.text, sample_shape, random, Initialization::kHe);
  std::string value = builder.image(32);
  int64_t channels = 64;
  for (size_t stage = 0; stage < variant.convolutions.size(); ++stage) {
    for (int64_t i = 1; i <= variant.convolutions[stage]; ++i) {
      value = builder.convolution_block(value, fmt::format("conv{}.{}", stage + 1, i), {channels},
                                        "Relu");
    }
    value = builder.max_pool(value, fmt::format("pool{}", stage + 1), {});
    channels = std::min<int64_t>(2 * channels, 512);
  }
  value = builder.global_average(value, "mean");
  return builder.finish(builder.fully_connected(value, "head", num_classes, true), num_classes);
}

}  // namespace

Architecture vgg() {
  return {.name = {},
          .usage = "vgg:11|13|16|19",
          .summary = "VGG with BatchNormalization and one fully connected layer; 32 x 32 or more",
          .build = build_vgg};
}

}  // namespace ncprune::architectures_files
