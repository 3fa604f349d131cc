// Masks against those of torch.nn.utils.prune, from reference/torch_masks.py.
#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include "ncprune/prune/prune.h"
#include "tests/golden.h"

namespace ncprune {
namespace {

// The reference's two layers and a head.
Network reference_network(const Dataset& data) {
  Network network = network_for(data, "mlp:20,10");
  int64_t before = 0;
  for (const Layer& layer : prunable_layers(network)) {
    const at::Tensor weight = weight_of(network, layer);
    const at::Tensor apart =
        at::arange(before, before + weight.numel(), at::TensorOptions(at::kDouble)) / (1 << 20);
    set_weight(
        network, layer,
        golden_numbers(weight.size(0), weight.size(1), {401, 173, 29}) + apart.view_as(weight));
    before += weight.numel();
  }
  return network;
}

// A method of ncprune that does what the reference's method of that name does.
Method method_of(const std::string& name) {
  if (name != "l2-norm") return find_method(name);
  Method method = find_method("l1-norm");
  method.criterion = name;
  return method;
}

TEST(TorchPrune, HasTheSameMasks) {
  const Dataset data = gaussian_data({5, 5}, 30);
  const Network dense = reference_network(data);
  const std::vector<Layer> layers = prunable_layers(dense);
  for (const Json& wanted : ncprune::golden("torch_masks").at("masks")) {
    const std::string name = wanted.at("method");
    const Recipe recipe{.method = method_of(name), .share = wanted.at("sparsity")};
    SCOPED_TRACE(name + " " + std::to_string(*recipe.share));
    const Network pruned = prune(dense, data, recipe).network;
    for (size_t l = 0; l < layers.size(); ++l) {
      const at::Tensor mask = golden_mask(wanted.at("layers")[l]);
      const at::Tensor kept = weight_of(pruned, layers[l]).ne(0);
      ASSERT_EQ(kept.sizes(), mask.sizes());
      if (name == "random") {  // draws its own: as many
        EXPECT_EQ(kept.sum().item<int64_t>(), mask.sum().item<int64_t>());
      } else {
        EXPECT_TRUE(kept.equal(mask));
      }
    }
  }
}

}  // namespace
}  // namespace ncprune
