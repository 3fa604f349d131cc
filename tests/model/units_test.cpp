#include "ncprune/model/units.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <stdexcept>

#include "ncprune/model/architectures.h"
#include "ncprune/model/cost.h"
#include "ncprune/model/network_builder.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

const Dataset& data() {
  static const Dataset dataset = gaussian_data({6, 6, 6}, 4);
  return dataset;
}

// mlp:5,3 with `node` between its first layer and the second; reads "fc1.out", writes "between".
Network with_between(const Node& node) {
  Network network = network_for(data(), "mlp:5,3");
  network.nodes.insert(network.nodes.begin() + producer(network, "act1.out"), node);
  network.nodes[static_cast<size_t>(producer(network, "act1.out"))].inputs.front() = "between";
  return network;
}

// The group of which the layer's units are; each of the layers here has one.
UnitGroup group_of(const Network& network, const std::string& layer) {
  for (const UnitGroup& group : unit_groups(network)) {
    for (const UnitEntries& producer : group.producers) {
      if (producer.layer.name == layer) return group;
    }
  }
  throw std::logic_error("no group makes the units of " + layer);
}

std::vector<std::string> tensors_of(const UnitGroup& group) {
  std::vector<std::string> names;
  for (const UnitSlice& slice : group.slices) names.push_back(slice.tensor);
  return names;
}

// Removes about half of the units of every group that lets go of them: the smaller network must be
// the one whose layers read zeros of them.
void expect_same_when_masked(const Network& network, const Dataset& samples) {
  Network masked = network;
  std::vector<UnitSelection> selections;
  const std::vector<UnitGroup> groups = unit_groups(network);
  for (const UnitGroup& group : groups) {
    if (!group.reason.empty()) continue;
    at::Tensor stays = normal({group.units}, 9).gt(0);
    stays[0] = true;
    const at::Tensor gone = stays.logical_not().nonzero().flatten();
    for (const UnitEntries& reader : group.consumers) {
      set_weight(masked, reader.layer,
                 weight_of(masked, reader.layer)
                     .index_fill(1, reader.index.index_select(0, gone).flatten(), 0));
    }
    selections.push_back({group, stays.nonzero().flatten()});
  }
  const Network smaller = keep_units(network, selections);
  validate(smaller, "smaller");
  EXPECT_LT(cost(smaller).parameters, cost(network).parameters);
  EXPECT_TRUE(
      at::allclose(logits(smaller, samples.inputs), logits(masked, samples.inputs), 1e-4, 1e-5));
}

TEST(UnitGroups, FollowElementwiseFunctionsToTheLayersThatRead) {
  for (const std::string op : {"Relu", "LeakyRelu", "Tanh", "Sigmoid", "Dropout", "Identity"}) {
    SCOPED_TRACE(op);
    const Network network = with_between({op, "", {"fc1.out"}, {"between"}, {}});
    const UnitGroup group = group_of(network, "fc1");
    EXPECT_EQ(group.reason, "");
    EXPECT_EQ(group.units, 5);
    ASSERT_EQ(group.consumers.size(), 1);
    EXPECT_EQ(group.consumers[0].layer.name, "fc2");
    EXPECT_EQ(tensors_of(group),
              (std::vector<std::string>{"fc1.weight", "fc1.bias", "fc2.weight"}));
  }
}

TEST(UnitGroups, TakeTheVectorsOfEveryBatchNormalizationOnTheWay) {
  Network network = network_for(data(), "mlp:5,3?batchnorm=true");
  const auto behind = network.nodes.begin() + producer(network, "act1.out") + 1;
  network.nodes.insert(
      behind, {"BatchNormalization", "again", {"act1.out", "s", "t", "m", "v"}, {"again"}, {}});
  network.nodes[static_cast<size_t>(producer(network, "fc2.out"))].inputs.front() = "again";
  for (const char* name : {"s", "t", "m", "v"}) {
    network.initializers[name] = normal({5}, 4).abs().to(at::kFloat);
  }
  EXPECT_EQ(tensors_of(group_of(network, "fc1")),
            (std::vector<std::string>{"fc1.weight", "fc1.bias", "bn1.scale", "bn1.shift",
                                      "bn1.mean", "bn1.var", "s", "t", "m", "v", "fc2.weight"}));
  expect_same_when_masked(network, data());
}

TEST(UnitGroups, TakeAVectorThatIsReadTwiceOnce) {
  Network network = network_for(data(), "mlp:5,3?batchnorm=true");
  Node& norm = network.nodes[static_cast<size_t>(producer(network, "bn1.out"))];
  norm.inputs[3] = norm.inputs[2];  // mean and shift both zero: exporters store equal tensors once
  expect_same_when_masked(network, data());

  // Two layers share a scale: their units can only go together.
  Network shared = network_for(data(), "mlp:5,5?batchnorm=true");
  shared.nodes[static_cast<size_t>(producer(shared, "bn2.out"))].inputs[1] = "bn1.scale";
  EXPECT_EQ(group_of(shared, "fc1").producers.size(), 2);
  expect_same_when_masked(shared, data());
}

TEST(UnitGroups, SayWhyUnitsHaveToStay) {
  const auto reason = [](const Network& network) { return group_of(network, "fc1").reason; };
  EXPECT_EQ(reason(with_between({"Softmax", "soft", {"fc1.out"}, {"between"}, {}})),
            "Softmax 'soft' reads its units");
  Network ends_early = with_between({"Identity", "", {"fc1.out"}, {"between"}, {}});
  ends_early.output.name = "between";
  EXPECT_EQ(reason(ends_early), "its units are an output of the network");

  Network unread = network_for(data(), "mlp:4,3");  // 4: as many as there are inputs
  unread.nodes[static_cast<size_t>(producer(unread, "fc2.out"))].inputs.front() = "flatten.out";
  EXPECT_EQ(reason(unread), "no layer that could be repaired reads its units");
}

// Images of gaussian_data: 2 channels of 8 x 8.
const Dataset& images() {
  static const Dataset dataset = [] {
    Dataset flat = gaussian_data({6, 6, 6}, 128);
    flat.inputs = flat.inputs.view({-1, 2, 8, 8});
    return flat;
  }();
  return dataset;
}

// A network of what `body` makes of the input.
Network with_body(
    const std::function<std::string(NetworkBuilder&, const std::string& input)>& body) {
  Random random(3);
  NetworkBuilder builder("body", images().sample_shape(), random, Initialization::kTorch);
  const std::string value = body(builder, builder.input());
  return builder.finish(builder.fully_connected(value, "head", 3, true), 3);
}

TEST(UnitGroups, OfChainsOfConvolutionsGoThroughPoolingAndFlatten) {
  const Network chain = with_body([](NetworkBuilder& b, const std::string& input) {
    std::string value = b.batch_norm(b.convolution(input, "conv1", {6}), "bn1");
    value = b.max_pool(b.node("Relu", "act1", {value}), "pool", {});
    value = b.node("Relu", "act2", {b.convolution(value, "conv2", {4, 3, 2, 1, true})});
    return b.flatten(value, "flat", 4 * 2 * 2);
  });
  EXPECT_EQ(group_of(chain, "conv2").consumers[0].index.size(1), 4);  // 2 x 2 places
  EXPECT_EQ(group_of(chain, "conv1").consumers[0].index.size(1), 9);  // a kernel of 3 x 3
  expect_same_when_masked(chain, images());
}

TEST(UnitGroups, OfASumGoFromEveryLayerThatIsAdded) {
  const Network residual = with_body([](NetworkBuilder& b, const std::string& input) {
    const std::string stem = b.node("Relu", "act0", {b.convolution(input, "stem", {6})});
    std::string value = b.node("Relu", "act1", {b.convolution(stem, "conv1", {5})});
    value = b.batch_norm(b.convolution(value, "conv2", {6}), "bn2");
    value = b.node("Relu", "act2", {b.node("Add", "sum", {value, stem})});
    return b.global_average(value, "mean");
  });
  const UnitGroup stream = group_of(residual, "stem");
  EXPECT_EQ(stream.producers.size(), 2);  // stem, conv2
  EXPECT_EQ(stream.consumers.size(), 2);  // conv1, head
  EXPECT_EQ(group_of(residual, "conv1").producers.size(), 1);
  expect_same_when_masked(residual, images());
}

TEST(UnitGroups, KeepTheirPlacesInAConcatenation) {
  const Network dense = with_body([](NetworkBuilder& b, const std::string& input) {
    const std::string one = b.convolution(input, "conv1", {5});
    const std::string two = b.convolution(b.concat({input, one}, "cat1"), "conv2", {4});
    const std::string three = b.convolution(b.concat({one, two}, "cat2"), "conv3", {3});
    return b.global_average(b.concat({one, three}, "cat3"), "mean");
  });
  expect_same_when_masked(dense, images());
}

std::string numbers(NetworkBuilder& b, const std::string& name, const std::vector<int64_t>& all) {
  return b.initializer(name, at::tensor(all, at::TensorOptions(at::kLong)));
}

// Two convolutions that each read a part of conv1's 6 channels: `first` and `rest` names them.
Network read_in_parts(
    const std::function<std::array<std::string, 2>(NetworkBuilder&, const std::string&)>& cut) {
  return with_body([&](NetworkBuilder& b, const std::string& input) {
    const auto [first, rest] = cut(b, b.convolution(input, "conv1", {6}));
    const std::string one = b.convolution(first, "conv2", {3});
    return b.global_average(b.concat({one, b.convolution(rest, "conv3", {2})}, "cat"), "mean");
  });
}

// NetworkBuilder's node() takes the channels to stay and has one output; here they are fewer.
void narrow(Network& network, const std::string& weight, int64_t channels) {
  at::Tensor& stored = network.initializers.at(weight);
  stored = stored.narrow(1, 0, channels).contiguous();
}

TEST(UnitGroups, OfASliceArePartOfItsInputs) {
  Network sliced = read_in_parts([](NetworkBuilder& b, const std::string& value) {
    const std::string axis = numbers(b, "axis", {1});
    const std::string middle = numbers(b, "middle", {4});
    return std::array{
        b.node("Slice", "first", {value, numbers(b, "zero", {0}), middle, axis}),
        b.node("Slice", "rest", {value, middle, numbers(b, "last", {int64_t{1} << 40}), axis})};
  });
  narrow(sliced, "conv2.weight", 4);
  narrow(sliced, "conv3.weight", 2);
  EXPECT_EQ(group_of(sliced, "conv1").units, 4);  // of the first slice; the others are one more
  EXPECT_EQ(group_of(sliced, "conv1").reason, "");
  expect_same_when_masked(sliced, images());
}

TEST(UnitGroups, OfASplitGoFromItsSizesOrInStepWhereItHasNone) {
  for (const bool sized : {true, false}) {
    SCOPED_TRACE(sized);
    Network split = read_in_parts([&](NetworkBuilder& b, const std::string& value) {
      std::vector<std::string> inputs{value};
      if (sized) inputs.push_back(numbers(b, "sizes", {2, 4}));
      const std::string first = b.node("Split", "split", inputs, {{"axis", int64_t{1}}});
      return std::array{first, b.node("Identity", "rest", {first})};
    });
    const auto at = static_cast<size_t>(producer(split, "split.out"));
    split.nodes[at].outputs.push_back("split.rest");
    split.nodes[static_cast<size_t>(producer(split, "rest.out"))].inputs = {"split.rest"};
    narrow(split, "conv2.weight", sized ? 2 : 3);
    narrow(split, "conv3.weight", sized ? 4 : 3);
    const UnitGroup group = group_of(split, "conv1");
    EXPECT_EQ(group.consumers.size(), sized ? 1 : 2);
    EXPECT_EQ(group.reason, "");
    expect_same_when_masked(split, images());
  }
}

TEST(UnitGroups, OfAShuffleGoFromEveryGroupAlike) {
  const Network shuffled = with_body([](NetworkBuilder& b, const std::string& input) {
    std::string value = b.convolution(input, "conv1", {6});
    value = b.node("Reshape", "groups", {value, numbers(b, "in", {-1, 2, 3, 8, 8})});
    value =
        b.node("Transpose", "shuffle", {value}, {{"perm", std::vector<int64_t>{0, 2, 1, 3, 4}}});
    value = b.node("Reshape", "channels", {value, numbers(b, "out", {-1, 6, 8, 8})});
    return b.global_average(b.convolution(value, "conv2", {4}), "mean");
  });
  const UnitGroup group = group_of(shuffled, "conv1");
  EXPECT_EQ(group.units, 3);
  EXPECT_EQ(group.producers[0].index.size(1), 2);
  expect_same_when_masked(shuffled, images());
}

TEST(UnitGroups, OfAnAttentionAreItsHeads) {
  const Network network = build_network("vit:4,12,2,3", {2, 8, 8}, 3, Random(3));
  const UnitGroup heads = group_of(network, "block1.attention.query");
  EXPECT_EQ(heads.reason, "");
  EXPECT_EQ(heads.units, 3);
  EXPECT_EQ(heads.producers.size(), 3);            // query, key, value
  EXPECT_EQ(heads.producers[0].index.size(1), 4);  // the width of a head
  ASSERT_EQ(heads.consumers.size(), 1);
  EXPECT_EQ(heads.consumers[0].layer.name, "block1.attention.out");
  EXPECT_EQ(group_of(network, "block1.up").units, 48);
  EXPECT_NE(group_of(network, "patches").reason, "");  // what is normalized stays
  expect_same_when_masked(network, images());
}

TEST(UnitGroups, OfAReshapeStayWhereItsSizesCountSomethingElseToo) {
  Network network = build_network("vit:4,12,2,3", {2, 8, 8}, 3, Random(3));
  // Both blocks read one initializer: a head that goes from one would have to go from the other.
  network.nodes[static_cast<size_t>(producer(network, "block2.attention.joined.out"))].inputs[1] =
      "block1.attention.joined.shape";
  EXPECT_EQ(group_of(network, "block1.attention.query").reason,
            "'block1.attention.joined.shape' counts them for one node only");
  expect_same_when_masked(network, images());
}

TEST(UnitGroups, TakeTheirKernelsOfGroupedConvolutions) {
  for (const int64_t groups : {8, 4, 2}) {  // 8: depthwise, two kernels a channel
    SCOPED_TRACE(groups);
    const Network grouped = with_body([groups](NetworkBuilder& b, const std::string& input) {
      std::string value = b.convolution(input, "expand", {8, 1});
      value = b.batch_norm(b.convolution(value, "groups", {16, 3, 1, groups, true}), "bn");
      return b.global_average(b.convolution(b.node("Relu", "act", {value}), "project", {5, 1}),
                              "mean");
    });
    // Between, the groups read them by kernels that are no layer's: only a depthwise one is
    // followed.
    EXPECT_EQ(group_of(grouped, "expand").reason,
              groups == 8 ? "" : "no layer that could be repaired reads its units");
    if (groups == 8) expect_same_when_masked(grouped, images());
  }
}

TEST(UnitGroups, GoWithTheScalesOfSqueezeAndExcite) {
  const Network gated = with_body([](NetworkBuilder& b, const std::string& input) {
    const std::string value = b.convolution(input, "conv", {6});
    std::string scale = b.node("GlobalAveragePool", "squeeze", {value});
    scale = b.node("Relu", "act", {b.convolution(scale, "reduce", {3, 1, 1, 1, true})});
    scale = b.node("Sigmoid", "gate", {b.convolution(scale, "expand", {6, 1, 1, 1, true})});
    return b.global_average(b.node("Mul", "scaled", {value, scale}), "mean");
  });
  EXPECT_EQ(group_of(gated, "conv").producers.size(), 2);  // conv, expand
  expect_same_when_masked(gated, images());
}

TEST(KeepUnits, TakesRowsBiasesVectorsAndColumns) {
  const Network network = network_for(data(), "mlp:5,3?batchnorm=true");
  const UnitGroup group = group_of(network, "fc1");
  const at::Tensor kept = doubles({1, 4}, {2}).to(at::kLong);
  const Network smaller = keep_units(network, {{group, kept}});
  const auto expect_taken = [&](const std::string& name, int64_t axis) {
    const at::Tensor& whole = network.initializers.at(name);
    EXPECT_TRUE(smaller.initializers.at(name).equal(whole.index_select(axis, kept))) << name;
  };
  for (const char* name :
       {"fc1.weight", "fc1.bias", "bn1.scale", "bn1.shift", "bn1.mean", "bn1.var"}) {
    expect_taken(name, 0);
  }
  expect_taken("fc2.weight", 1);
}

TEST(Cost, CountsWeightsAndMultiplyAdds) {
  const NetworkCost plain = cost(network_for(data(), "mlp:5,2"));
  EXPECT_EQ(plain.macs, 4 * 5 + 5 * 2 + 2 * 3);
  EXPECT_EQ(plain.parameters, plain.macs + 5 + 2 + 3);
  const NetworkCost normed = cost(network_for(data(), "mlp:5,2?batchnorm=true&bias=false"));
  EXPECT_EQ(normed.macs, plain.macs);
  EXPECT_EQ(normed.parameters, plain.macs + 4 * (5 + 2));
}

TEST(Cost, CountsAConvolutionAtEveryPosition) {
  const Network network = with_body([](NetworkBuilder& b, const std::string& input) {
    const std::string value = b.convolution(input, "conv", {6, 3, 2});
    return b.global_average(b.convolution(value, "groups", {6, 3, 1, 3}), "mean");
  });
  EXPECT_EQ(cost(network).macs, 16 * (6 * 2 * 9) + 16 * (6 * 2 * 9) + 6 * 3);
  EXPECT_EQ(rows_per_sample(network),
            (std::map<std::string, int64_t>{
                {"conv.weight", 16}, {"groups.weight", 16}, {"head.weight", 1}}));
}

}  // namespace
}  // namespace ncprune
