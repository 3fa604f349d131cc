#include "ncprune/prune/shrink.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ncprune/model/storage.h"
#include "ncprune/model/units.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/runtime/onnx_runtime.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

const Dataset& data() {
  static const Dataset dataset = gaussian_data({40, 12, 3}, 9);
  return dataset;
}

const Layer& layer_called(const std::vector<Layer>& layers, const std::string& name) {
  return *std::find_if(layers.begin(), layers.end(),
                       [&](const Layer& layer) { return layer.name == name; });
}

void zero_row(Network& network, const std::string& name, int64_t row) {
  const std::vector<Layer> layers = linear_layers(network);
  const Layer& layer = layer_called(layers, name);
  at::Tensor weight = weight_of(network, layer).clone();
  weight[row] = 0;
  set_weight(network, layer, weight);
}

// `network` with BatchNormalization that does something.
Network with_statistics(Network network) {
  uint64_t seed = 40;
  for (const Node& node : network.nodes) {
    if (node.op_type != "BatchNormalization") continue;
    for (size_t i = 1; i < 5; ++i) {
      at::Tensor& tensor = network.initializers.at(node.inputs[i]);
      tensor = normal(tensor.sizes(), ++seed).to(at::kFloat);
      if (i == 4) tensor = tensor.square() + 0.5;
    }
  }
  return network;
}

// About half of the rows and columns of every layer are zero, and all of some units' columns.
Network with_zeros(Network network, uint64_t seed) {
  const auto drawn = [&](int64_t size, double above) { return normal({size}, ++seed).gt(above); };
  for (const UnitGroup& group : unit_groups(network)) {
    const at::Tensor units = drawn(group.units, 0.5).nonzero().flatten();
    for (const UnitEntries& reader : group.consumers) {
      set_weight(network, reader.layer,
                 weight_of(network, reader.layer)
                     .index_fill(1, reader.index.index_select(0, units).flatten(), 0));
    }
    const at::Tensor others = drawn(group.units, 0.5).nonzero().flatten();
    for (const UnitEntries& producer : group.producers) {
      set_weight(network, producer.layer,
                 weight_of(network, producer.layer)
                     .index_fill(0, producer.index.index_select(0, others).flatten(), 0));
    }
  }
  for (const Layer& layer : weight_layers(network)) {
    const at::Tensor weight = weight_of(network, layer);
    const at::Tensor rows = drawn(weight.size(0), -1).unsqueeze(1);
    set_weight(network, layer, weight * rows * drawn(weight.size(1), -1));
  }
  return network;
}

at::Tensor samples_for(const Network& network, int64_t count = 20) {
  std::vector<int64_t> shape = network.input.shape;
  shape.front() = count;
  return 2 * normal(shape, 5).to(at::kFloat);
}

void expect_same_function(const Network& network, const Network& other) {
  const at::Tensor inputs = samples_for(network);
  const at::Tensor scores = logits(network, inputs);
  EXPECT_TRUE(
      at::allclose(logits(other, inputs), scores, 1e-4, 1e-5 * scores.abs().max().item<double>()))
      << (logits(other, inputs) - scores).abs().max();
}

void expect_equal(const Network& network, const Network& other) {
  ASSERT_EQ(network.initializers.size(), other.initializers.size());
  EXPECT_EQ(network.nodes.size(), other.nodes.size());
  for (const auto& [name, tensor] : network.initializers) {
    EXPECT_TRUE(tensor.equal(other.initializers.at(name))) << name;
  }
}

std::vector<int64_t> units_after(const Shrunk& shrunk) {
  std::vector<int64_t> units;
  for (const ShrunkLayer& layer : shrunk.layers) units.push_back(layer.units_after);
  return units;
}

// How many units of every layer of a perceptron depend on the input and matter to a score.
std::vector<int64_t> useful_units(const std::vector<at::Tensor>& weights) {
  std::vector<at::Tensor> depends;
  at::Tensor before = at::ones({weights.front().size(1)}, at::kBool);
  for (const at::Tensor& weight : weights) {
    before = weight.ne(0).logical_and(before).any(1);
    depends.push_back(before);
  }
  std::vector<int64_t> counts(weights.size());
  at::Tensor matters = at::ones({weights.back().size(0)}, at::kBool);
  counts.back() = weights.back().size(0);
  for (size_t l = weights.size() - 1; l > 0; --l) {
    matters = weights[l].ne(0).logical_and(matters.unsqueeze(1)).any(0).logical_and(depends[l - 1]);
    counts[l - 1] = matters.sum().item<int64_t>();
  }
  return counts;
}

TEST(Shrink, LeavesTheUnitsOfAPerceptronThatDependOnTheInputAndMatterToAScore) {
  for (const std::string options : {"", "?bias=false", "?activation=sigmoid", "?batchnorm=true",
                                    "?activation=sigmoid&bias=false"}) {
    for (const bool product : {false, true}) {
      for (const uint64_t seed : {1U, 2U, 3U}) {
        SCOPED_TRACE(testing::Message() << options << ", MatMul " << product << ", " << seed);
        Network dense = with_statistics(network_for(data(), "mlp:30,20,10" + options, seed));
        std::vector<at::Tensor> weights;
        for (const Layer& layer : linear_layers(dense)) {
          const at::Tensor weight = weight_of(dense, layer);
          const at::Tensor mask = normal(weight.sizes(), seed + weights.size()).gt(1);
          set_weight(dense, layer, weight * mask);
          weights.push_back(weight_of(dense, layer).clone());
        }
        if (product && options.find("bias=false") == std::string::npos) dense = as_matmul(dense);
        const Shrunk shrunk = shrink(dense, data());
        validate(shrunk.network, "shrunk");
        EXPECT_EQ(units_after(shrunk), useful_units(weights));
        EXPECT_LT(shrunk.after.parameters, shrunk.before.parameters);
        expect_same_function(dense, shrunk.network);
        for (const ShrunkLayer& layer : shrunk.layers) EXPECT_EQ(layer.idle, 0) << layer.name;
        expect_equal(shrink(shrunk.network).network, shrunk.network);
      }
    }
  }
}

TEST(Shrink, AddsWhatAConstantUnitGivesToTheBiasesBehindIt) {
  Network dense = network_for(data(), "mlp:3?activation=sigmoid&bias=false");
  zero_row(dense, "fc1", 1);  // sigmoid(0) = 0.5
  const Layer head = linear_layers(dense).back();
  ASSERT_TRUE(head.bias.empty());
  const at::Tensor weight = weight_of(dense, head);
  const Network smaller = shrink(dense).network;
  const Layer own = linear_layers(smaller).back();
  EXPECT_TRUE(at::allclose(bias_of(smaller, own), 0.5 * weight.select(1, 1)));
  EXPECT_TRUE(weight_of(smaller, own)
                  .equal(weight.index_select(1, at::tensor({0, 2}, at::TensorOptions(at::kLong)))));
}

TEST(Shrink, ChangesNothingWhereEveryUnitIsUsed) {
  for (const std::string spec : {"mlp:12,10", "cnn:4,8", "resnet:20"}) {
    const Network dense = build_network(spec, {3, 8, 8}, 3, Random(2));
    expect_equal(shrink(dense).network, dense);
  }
}

TEST(Shrink, KeepsOneUnitOfALayerThatDoesNothing) {
  Network dense = network_for(data(), "mlp:6,5");
  for (int64_t row = 0; row < 5; ++row) zero_row(dense, "fc2", row);
  const Shrunk shrunk = shrink(dense);
  EXPECT_EQ(units_after(shrunk), (std::vector<int64_t>{1, 1, 3}));
  EXPECT_EQ(shrunk.layers[1].idle, 1);
  expect_same_function(dense, shrunk.network);
  expect_equal(shrink(shrunk.network).network, shrunk.network);
}

// Two convolutions of `kernel` with `pads`; channel 1 of the first has no weights, and after its
// BatchNormalization it is `shift`.
Network two_convolutions(int64_t kernel, int64_t pads, double shift) {
  Network network;
  network.input = {"input", {-1, 2, 6, 6}};
  network.output = {"logits", {-1, 3}};
  const auto initializer = [&](const std::string& name, const at::Tensor& value) {
    network.initializers[name] = value.to(at::kFloat).contiguous();
  };
  at::Tensor first = normal({4, 2, 3, 3}, 1);
  first[1] = 0;
  at::Tensor shifts = normal({4}, 2);
  shifts[1] = shift;
  initializer("a.w", first);
  initializer("scale", normal({4}, 3));
  initializer("shift", shifts);
  initializer("mean", at::zeros({4}));
  initializer("var", normal({4}, 4).square() + 1);
  initializer("b.w", normal({5, 4, kernel, kernel}, 5));
  initializer("head.w", normal({3, 5}, 6));
  const std::vector<int64_t> around(4, pads);
  network.nodes = {{"Conv", "a", {"input", "a.w"}, {"a"}, {}},
                   {"BatchNormalization", "", {"a", "scale", "shift", "mean", "var"}, {"n"}, {}},
                   {"Relu", "", {"n"}, {"r"}, {}},
                   {"Conv", "b", {"r", "b.w"}, {"b"}, {{"pads", around}}},
                   {"Relu", "", {"b"}, {"s"}, {}},
                   {"GlobalAveragePool", "", {"s"}, {"p"}, {}},
                   {"Flatten", "", {"p"}, {"f"}, {}},
                   {"Gemm", "head", {"f", "head.w"}, {"logits"}, {{"transB", int64_t{1}}}}};
  return network;
}

TEST(Shrink, FoldsAConstantChannelUnlessThePaddingBesideItIsAnotherConstant) {
  struct Case {
    int64_t kernel;
    int64_t pads;
    double shift;
    int64_t channels;
  };
  for (const Case& c : std::vector<Case>{{3, 0, 0.7, 3},  // folded into a bias
                                         {1, 0, 0.7, 3},
                                         {3, 1, 0.7, 4},   // the border differs: it stays
                                         {3, 1, -0.7, 3},  // 0 after the Relu, as the padding
                                         {3, 1, 0, 3}}) {
    SCOPED_TRACE(testing::Message() << c.kernel << ", " << c.pads << ", " << c.shift);
    const Network dense = two_convolutions(c.kernel, c.pads, c.shift);
    const Shrunk shrunk = shrink(dense);
    EXPECT_EQ(shrunk.layers[0].units_after, c.channels);
    EXPECT_EQ(shrunk.layers[0].idle, c.channels - 3);
    expect_same_function(dense, shrunk.network);
  }
}

TEST(Shrink, AChannelOfScaleZeroIsItsShift) {
  Network dense = with_statistics(network_for(data(), "mlp:8,6?batchnorm=true"));
  at::Tensor& scale = dense.initializers.at("bn1.scale");
  scale[2] = 0;
  scale[5] = 0;
  const Shrunk shrunk = shrink(dense);
  EXPECT_EQ(shrunk.layers[0].units_after, 6);
  expect_same_function(dense, shrunk.network);
}

TEST(Shrink, ChannelsOfGroupedConvolutionsGoWhereNoGroupUsesThem) {
  // The second convolution has two groups of [3, 2 channels].
  Network dense = two_convolutions(3, 1, 0.7);
  dense.nodes[3].attributes["group"] = int64_t{2};
  at::Tensor kernel = normal({6, 2, 3, 3}, 7).to(at::kFloat);
  dense.initializers.at("a.w") = normal({4, 2, 3, 3}, 8).to(at::kFloat);
  dense.initializers.at("head.w") = normal({3, 6}, 9).to(at::kFloat);
  kernel.narrow(0, 0, 3).select(1, 0).zero_();  // channel 0 is dead in the one group only
  dense.initializers.at("b.w") = kernel.clone();
  expect_equal(shrink(dense).network, dense);
  kernel.select(1, 0).zero_();
  dense.initializers.at("b.w") = kernel.clone();
  at::Tensor& head = dense.initializers.at("head.w");
  head.select(1, 1).zero_();
  head.select(1, 4).zero_();  // the same place in the other group
  const Shrunk shrunk = shrink(dense);
  EXPECT_EQ(units_after(shrunk), (std::vector<int64_t>{2, 4, 3}));
  EXPECT_EQ(shrunk.network.initializers.at("b.w").sizes(), at::IntArrayRef({4, 1, 3, 3}));
  expect_same_function(dense, shrunk.network);
  expect_equal(shrink(shrunk.network).network, shrunk.network);
}

TEST(Shrink, KeepsTheFunctionOfEveryBuiltInArchitectureAndFindsNothingTheSecondTime) {
  const bool judge = onnx_runtime_problem().empty();
  for (const std::string spec :
       {"mlp:40,20", "cnn:8,12,16", "vgg:11", "resnet:20", "wide-resnet:10-1", "densenet:22-4",
        "mobilenet:1", "mobilenet:2", "mobilenet:3-small", "vit:8,24,2,4"}) {
    SCOPED_TRACE(spec);
    const int64_t side = spec == "vgg:11" ? 32 : 16;
    const Network dense =
        with_zeros(with_statistics(build_network(spec, {3, side, side}, 4, Random(7))), 100);
    const Shrunk shrunk = shrink(dense);
    validate(shrunk.network, "shrunk");
    EXPECT_LT(shrunk.after.macs, shrunk.before.macs);
    expect_same_function(dense, shrunk.network);
    expect_equal(shrink(shrunk.network).network, shrunk.network);
    if (!judge) continue;
    const at::Tensor inputs = samples_for(dense, 4);
    const at::Tensor scores = logits(dense, inputs);
    const OnnxRuntimeSession session(scores_onnx_bytes(shrunk.network), 1);
    EXPECT_TRUE(at::allclose(session.run({inputs}).front(), scores, 1e-3,
                             1e-4 * scores.abs().max().item<double>()));
  }
}

TEST(Shrink, WeightsThatAFileStoresInFewerBitsKeepTheirSteps) {
  Network dense = network_for(data(), "mlp:12,6");
  const std::vector<Layer> layers = linear_layers(dense);
  for (const Layer& layer : layers) {
    const int64_t out = weight_of(dense, layer).size(0);
    dense.storage[layer.weight] = {
        .type = at::kChar, .scale = normal({out}, 3).abs().to(at::kFloat) / 50 + 0.01, .axis = 0};
    dense.storage[layer.bias] = {.type = at::kHalf};
  }
  zero_row(dense, "fc1", 3);  // constant, but a bias of half precision cannot hold it
  dense.initializers.at("fc1.bias")[3] = 0.3;
  at::Tensor second = weight_of(dense, layers[1]).clone();
  second.select(1, 5).zero_();
  set_weight(dense, layers[1], second);
  dense = as_stored(dense);
  const Shrunk shrunk = shrink(dense);
  EXPECT_EQ(shrunk.layers[0].units_after, 11);
  expect_equal(as_stored(shrunk.network), shrunk.network);
  EXPECT_EQ(shrunk.network.storage.at("fc1.weight").scale.numel(), 11);
  expect_same_function(dense, parse_onnx(onnx_bytes(shrunk.network), "shrunk"));
}

TEST(Shrink, WithoutASizeOfTheInputConstantChannelsStay) {
  Network dense = two_convolutions(3, 0, 0.7);
  dense.input.shape = {-1, 2, -1, -1};
  dense.nodes[3].attributes["pads"] = std::vector<int64_t>(4, 1);
  dense.nodes[0].attributes["pads"] = std::vector<int64_t>(4, 1);
  at::Tensor kernel = dense.initializers.at("b.w").clone();
  kernel.select(1, 2).zero_();
  dense.initializers["b.w"] = kernel;
  EXPECT_EQ(shrink(dense).layers[0].units_after, 3);  // the dead channel goes, the constant stays
}

}  // namespace
}  // namespace ncprune
