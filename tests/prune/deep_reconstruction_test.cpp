#include "ncprune/prune/deep_reconstruction.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/kron.h>
#include <ATen/ops/linalg_inv.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <set>

#include "ncprune/prune/prune.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

struct Case {
  Dataset data = gaussian_data({60, 25, 4}, 8);
  Network dense;
  Network pruned;
  Layer layer;
  at::Tensor mask;

  // Drops two thirds of the first layer's weights.
  explicit Case(const Network& network) : dense(network), pruned(network) {
    layer = prunable_layers(dense).front();
    const at::Tensor weight = weight_of(dense, layer);
    mask = normal(weight.sizes(), 5).gt(0.43);
    set_weight(pruned, layer, weight * mask);
  }

  at::Tensor solved() const { return reconstruct_deeply({dense, pruned, layer, mask, data}); }

  // The mean over samples of the squared differences of all values behind the layer.
  double differences(const at::Tensor& weight) const {
    Network moved = pruned;
    set_weight(moved, layer, weight);
    double sum = 0;
    std::set<std::string> values;
    for (const Layer& other : weight_layers(dense)) {
      if (other.node < layer.node) continue;
      values.insert(other.output);
      values.insert(other.activation);
    }
    for (const std::string& value : values) {
      const Matrix found(value_of(moved, data, value).flatten(1));
      const Matrix wanted(value_of(dense, data, value).flatten(1));
      for (int64_t n = 0; n < found.rows(); ++n) {
        for (int64_t i = 0; i < found.columns(); ++i) {
          sum += (found(n, i) - wanted(n, i)) * (found(n, i) - wanted(n, i));
        }
      }
    }
    return sum / static_cast<double>(data.size());
  }
};

// Without an activation the values are linear in the weight, and the minimum is known.
TEST(DeepReconstruction, FindsTheLeastSquaresOfALinearNetwork) {
  Network network = network_for(gaussian_data({60, 25, 4}, 8), "mlp:5");
  network.nodes.erase(network.nodes.begin() + producer(network, "act1.out"));
  network.nodes.back().inputs.front() = "fc1.out";
  const Case task(network);
  const at::Tensor x = task.data.inputs.to(at::kDouble);
  const at::Tensor head = network.initializers.at("head.weight").to(at::kDouble);
  // z and the class scores W_2 z: (I + W_2^T W_2) (x) E[x x^T], by the rows of the weight.
  const at::Tensor outputs = at::eye(5, at::kDouble) + at::matmul(head.t(), head);
  const at::Tensor whole = at::kron(outputs, at::matmul(x.t(), x));
  const at::Tensor stays = task.mask.flatten().nonzero().flatten();
  const at::Tensor dense = weight_of(network, task.layer).to(at::kDouble).flatten();
  const at::Tensor right = at::matmul(whole, dense).index_select(0, stays);
  const at::Tensor inverse = at::linalg_inv(whole.index_select(0, stays).index_select(1, stays));
  const at::Tensor wanted =
      at::zeros({40}, at::kDouble).index_copy_(0, stays, at::matmul(inverse, right));
  expect_near(task.solved(), Matrix(wanted.view({5, 8})), 1e-3);
}

TEST(DeepReconstruction, LeavesNoDirectionInWhichTheValuesBehindTheLayerComeCloser) {
  for (const std::string spec : {"mlp:7,6", "mlp:7,6?batchnorm=true", "mlp:6,5?activation=tanh"}) {
    SCOPED_TRACE(spec);
    const Case task(network_for(gaussian_data({60, 25, 4}, 8), spec));
    const at::Tensor masked = weight_of(task.pruned, task.layer);
    const at::Tensor found = task.solved();
    EXPECT_TRUE(found.masked_select(task.mask.logical_not()).eq(0).all().item<bool>());
    const double before = task.differences(masked);
    const double after = task.differences(found);
    EXPECT_LT(after, 0.8 * before);
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      const at::Tensor step = 0.02 * normal(found.sizes(), seed) * task.mask;
      EXPECT_GT(task.differences(found + step), 0.999 * after);
    }
  }
}

TEST(DeepReconstruction, KeepsAWeightThatLosesNothing) {
  Case task(network_for(gaussian_data({60, 25, 4}, 8), "mlp:7,6"));
  task.pruned = task.dense;
  task.mask.fill_(true);
  const at::Tensor weight = weight_of(task.dense, task.layer);
  EXPECT_TRUE(at::equal(task.solved(), weight.to(at::kDouble)));
}

TEST(Snows, TheClassScoresComeCloserThanTheMasksAlone) {
  const Dataset data = gaussian_data({60, 25, 4}, 8);
  const Network dense = network_for(data, "mlp:24,16");
  Recipe recipe{.method = find_method("snows"), .share = 0.8};
  const auto error = [&] {
    const at::Tensor found = logits(prune(dense, data, recipe).network, data.inputs);
    return (found - logits(dense, data.inputs)).square().mean().item<double>();
  };
  const double repaired = error();
  recipe.method.repair = "none";
  EXPECT_LT(repaired, 0.8 * error());
}

}  // namespace
}  // namespace ncprune
