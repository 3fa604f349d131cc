#include "ncprune/model/fold_norms.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ncprune/model/interpreter.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

int64_t norms_in(const Network& network) {
  return std::count_if(network.nodes.begin(), network.nodes.end(),
                       [](const Node& node) { return node.op_type == "BatchNormalization"; });
}

// Statistics, scales and shifts as after training; a new network has means of 0 and scales of 1.
void train_norms(Network& network) {
  uint64_t seed = 100;
  for (const Node& node : network.nodes) {
    if (node.op_type != "BatchNormalization") continue;
    for (size_t i = 1; i < 5; ++i) {
      at::Tensor& tensor = network.initializers.at(node.inputs[i]);
      const at::Tensor drawn = 0.3 * normal(tensor.sizes(), ++seed).to(tensor.dtype());
      tensor = i == 1 || i == 4 ? 1 + drawn.abs() : drawn;
    }
  }
}

TEST(FoldNorms, LeavesEveryValueAsItWas) {
  for (const std::string spec : {"cnn:4,6", "resnet:20", "mobilenet:2", "mobilenet:3-small"}) {
    SCOPED_TRACE(spec);
    Network network = build_network(spec, {3, 16, 16}, 4, Random(7));
    train_norms(network);
    const Network folded = with_norms_folded(network);
    EXPECT_GT(norms_in(network), 0);
    EXPECT_EQ(norms_in(folded), 0);
    const at::Tensor input = normal({3, 3, 16, 16}, 1).to(at::kFloat);
    for (const Node& node : folded.nodes) {
      const std::vector<std::string> wanted{node.outputs.front()};
      const at::Tensor value = run(folded, input, wanted).front();
      EXPECT_TRUE(value.allclose(run(network, input, wanted).front(), 1e-3, 1e-4)) << node.label();
    }
  }
}

TEST(FoldNorms, KeepsWhatOthersRead) {
  const Network network = build_network("cnn:4,6", {3, 8, 8}, 3, Random(7));
  const std::string convolved = network.nodes.front().outputs.front();
  Network wanted_elsewhere = network;
  wanted_elsewhere.output.name = convolved;
  EXPECT_EQ(norms_in(with_norms_folded(wanted_elsewhere)), norms_in(network) - 1);
  EXPECT_EQ(norms_in(with_norms_folded(network)), norms_in(network) - 2);
}

TEST(FoldNorms, LeavesAPerceptronAsItIs) {
  const Network network = build_network("mlp:12,8?batchnorm=true", {5}, 4, Random(7));
  EXPECT_EQ(with_norms_folded(network).nodes.size(), network.nodes.size());
}

}  // namespace
}  // namespace ncprune
