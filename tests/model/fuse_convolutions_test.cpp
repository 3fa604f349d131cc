// Fused networks against the networks that they stand for.
#include "ncprune/model/fuse_convolutions.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "ncprune/model/fold_norms.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/train/optimizer.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

int64_t count(const Network& network, const std::string& op_type) {
  return std::count_if(network.nodes.begin(), network.nodes.end(),
                       [&](const Node& node) { return node.op_type == op_type; });
}

// Sets four fifths of the weights of every convolution to zero, and makes the others larger, so
// that the network's values do not shrink.
Network with_zeros(Network network) {
  uint64_t seed = 200;
  for (auto& [name, tensor] : network.initializers) {
    if (tensor.dim() == 4) tensor = 2.2 * tensor * normal(tensor.sizes(), ++seed).abs().lt(0.25);
  }
  return network;
}

// Relative to the largest number.
double error(const at::Tensor& found, const at::Tensor& wanted) {
  const double size = wanted.abs().max().item<double>();
  return (found - wanted).abs().max().item<double>() / std::max(size, 1e-30);
}

struct Learnt {
  at::Tensor logits;
  std::vector<at::Tensor> gradients;  // by every weight and bias, and by the input
};

Learnt learnt(const Network& network, Network (*prepared)(const Network&), const at::Tensor& x) {
  Network own = clone(network);
  std::vector<at::Tensor> leaves{x.detach().clone().requires_grad_()};
  for (const std::string& name : trainable_initializers(own)) {
    leaves.push_back(own.initializers.at(name).requires_grad_());
  }
  const at::Tensor logits =
      run(prepared(own), leaves.front(), {logits_value(own)}, {.keep_zeros = true}).front();
  return {logits.detach(),
          torch::autograd::grad({logits.square().sum()}, leaves, {}, {}, false, true)};
}

TEST(FuseConvolutions, ComputesAndLearnsTheSame) {
  for (const std::string spec : {"cnn:4,6", "resnet:20", "mobilenet:2", "densenet:10-4"}) {
    for (const bool sparse : {true, false}) {
      for (const int64_t samples : {3, 21, 64}) {
        SCOPED_TRACE(spec + (sparse ? ", sparse, " : ", dense, ") + std::to_string(samples));
        const Network built = build_network(spec, {3, 16, 16}, 4, Random(7));
        const Network network = sparse ? with_zeros(built) : built;
        const at::Tensor x = normal({samples, 3, 16, 16}, 1).to(at::kFloat);
        const Learnt found = learnt(network, with_convolutions_fused, x);
        const Learnt wanted = learnt(network, with_norms_folded, x);
        EXPECT_GT(wanted.logits.abs().max().item<double>(), 0);
        EXPECT_LT(error(found.logits, wanted.logits), 1e-5);
        ASSERT_EQ(found.gradients.size(), wanted.gradients.size());
        for (size_t i = 0; i < wanted.gradients.size(); ++i) {
          ASSERT_EQ(found.gradients[i].defined(), wanted.gradients[i].defined());
          if (!wanted.gradients[i].defined()) continue;
          EXPECT_LT(error(found.gradients[i], wanted.gradients[i]), 1e-4) << i;
        }
      }
    }
  }
}

TEST(FuseConvolutions, LeavesNoSumAndReluOfAResnet) {
  const Network fused =
      with_convolutions_fused(build_network("resnet:20", {3, 16, 16}, 4, Random(7)));
  EXPECT_EQ(count(fused, "FusedConv"), 19);
  EXPECT_EQ(count(fused, "Conv"), 2);  // of the shortcuts: others add their results
  for (const char* gone : {"BatchNormalization", "Add", "Relu"}) EXPECT_EQ(count(fused, gone), 0);
}

// conv1 -> act1 -> pool1 -> conv2 -> ...
TEST(FuseConvolutions, KeepsWhatOthersRead) {
  const Network network = build_network("cnn:4,6?batchnorm=false", {3, 8, 8}, 3, Random(7));
  EXPECT_EQ(count(with_convolutions_fused(network), "FusedConv"), 2);
  Network wanted_elsewhere = network;
  wanted_elsewhere.output.name = network.nodes.front().outputs.front();
  const Network fused = with_convolutions_fused(wanted_elsewhere);
  EXPECT_EQ(count(fused, "FusedConv"), 1);
  EXPECT_EQ(count(fused, "Relu"), 1);
}

}  // namespace
}  // namespace ncprune
