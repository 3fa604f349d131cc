#include "ncprune/model/units.h"

#include <ATen/ops/allclose.h>
#include <gtest/gtest.h>

#include "ncprune/model/cost.h"
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

std::string first_reason(const Network& network) {
  const std::vector<UnitCoverage> coverage = unit_coverage(network);
  EXPECT_EQ(coverage.size(), 2);
  EXPECT_EQ(coverage[0].group.empty(), !coverage[0].reason.empty());
  EXPECT_EQ(coverage[1].reason, "");
  return coverage[0].reason;
}

TEST(UnitCoverage, FollowsElementwiseFunctionsToTheOneLayerThatReads) {
  for (const std::string op : {"Relu", "LeakyRelu", "Tanh", "Sigmoid", "Dropout", "Identity"}) {
    SCOPED_TRACE(op);
    const Network network = with_between({op, "", {"fc1.out"}, {"between"}, {}});
    EXPECT_EQ(first_reason(network), "");
    const UnitGroup group = unit_coverage(network)[0].group.front();
    EXPECT_EQ(group.producer.name, "fc1");
    EXPECT_EQ(group.consumer.name, "fc2");
    EXPECT_TRUE(group.vectors.empty());
  }
}

TEST(UnitCoverage, TakesTheVectorsOfEveryBatchNormalizationOnTheWay) {
  Network network = network_for(data(), "mlp:5,3?batchnorm=true");
  const auto behind = network.nodes.begin() + producer(network, "act1.out") + 1;
  network.nodes.insert(
      behind, {"BatchNormalization", "again", {"act1.out", "s", "t", "m", "v"}, {"again"}, {}});
  network.nodes[static_cast<size_t>(producer(network, "fc2.out"))].inputs.front() = "again";
  for (const char* name : {"s", "t", "m", "v"}) {
    network.initializers[name] = normal({5}, 4).abs().to(at::kFloat);
  }
  const UnitGroup group = unit_coverage(network)[0].group.front();
  EXPECT_EQ(group.vectors, (std::vector<std::string>{"bn1.scale", "bn1.shift", "bn1.mean",
                                                     "bn1.var", "s", "t", "m", "v"}));
  const at::Tensor kept = doubles({0, 2, 4}, {3}).to(at::kLong);
  Network masked = network;
  at::Tensor columns = weight_of(masked, group.consumer).clone();
  columns.slice(1, 1, 5, 2).zero_();
  set_weight(masked, group.consumer, columns);
  EXPECT_TRUE(at::allclose(logits(keep_units(network, {{group, kept}}), data().inputs),
                           logits(masked, data().inputs), 1e-5, 1e-6));
}

TEST(UnitCoverage, TakesAVectorThatABatchNormalizationReadsTwiceOnce) {
  Network network = network_for(data(), "mlp:5,3?batchnorm=true");
  Node& norm = network.nodes[static_cast<size_t>(producer(network, "bn1.out"))];
  norm.inputs[3] = norm.inputs[2];  // mean and shift both zero: exporters store equal tensors once
  const UnitGroup group = unit_coverage(network)[0].group.front();
  EXPECT_EQ(group.vectors, (std::vector<std::string>{"bn1.scale", "bn1.shift", "bn1.var"}));
}

TEST(UnitCoverage, SaysWhyUnitsHaveToStay) {
  EXPECT_EQ(first_reason(with_between({"Softmax", "soft", {"fc1.out"}, {"between"}, {}})),
            "Softmax 'soft' reads its units");
  EXPECT_EQ(first_reason(with_between({"Flatten", "", {"fc1.out"}, {"between"}, {{"axis", int64_t{0}}}})),
            "Flatten writing 'between' reads its units");

  Network skip = with_between({"Identity", "", {"fc1.out"}, {"between"}, {}});
  skip.nodes.insert(skip.nodes.begin() + producer(skip, "act1.out") + 1,
                    {"Add", "skip", {"act1.out", "fc1.out"}, {"sum"}, {}});
  skip.nodes[static_cast<size_t>(producer(skip, "fc2.out"))].inputs.front() = "sum";
  EXPECT_EQ(first_reason(skip), "2 nodes read 'fc1.out'; wanted one");

  Network ends_early = with_between({"Identity", "", {"fc1.out"}, {"between"}, {}});
  ends_early.output.name = "between";
  EXPECT_EQ(first_reason(ends_early), "its units are an output of the network");

  Network unread = network_for(data(), "mlp:5,3");
  unread.nodes[static_cast<size_t>(producer(unread, "fc2.out"))].inputs.front() = "flat";
  EXPECT_EQ(first_reason(unread), "0 nodes read 'act1.out'; wanted one");

  // A BatchNormalization whose vectors another node reads too.
  Network shared = network_for(data(), "mlp:5,5?batchnorm=true");
  shared.nodes[static_cast<size_t>(producer(shared, "bn2.out"))].inputs[1] = "bn1.scale";
  const std::vector<UnitCoverage> coverage = unit_coverage(shared);
  for (const UnitCoverage& c : coverage) {
    EXPECT_NE(c.reason.find("BatchNormalization"), std::string::npos) << c.reason;
  }
}

TEST(KeepUnits, TakesRowsBiasesVectorsAndColumns) {
  const Network network = network_for(data(), "mlp:5,3?batchnorm=true");
  const UnitGroup group = unit_coverage(network)[0].group.front();
  const Network smaller = keep_units(network, {{group, doubles({1, 4}, {2}).to(at::kLong)}});
  const auto expect_taken = [&](const std::string& name, int64_t axis) {
    const at::Tensor& whole = network.initializers.at(name);
    EXPECT_TRUE(smaller.initializers.at(name).equal(
        whole.index_select(axis, doubles({1, 4}, {2}).to(at::kLong))))
        << name;
  };
  for (const char* name :
       {"fc1.weight", "fc1.bias", "bn1.scale", "bn1.shift", "bn1.mean", "bn1.var"}) {
    expect_taken(name, 0);
  }
  expect_taken("fc2.weight", 1);
  validate(smaller, "smaller");
}

TEST(Cost, CountsWeightsAndMultiplyAdds) {
  const NetworkCost plain = cost(network_for(data(), "mlp:5,2"));
  EXPECT_EQ(plain.macs, 4 * 5 + 5 * 2 + 2 * 3);
  EXPECT_EQ(plain.parameters, plain.macs + 5 + 2 + 3);
  const NetworkCost normed = cost(network_for(data(), "mlp:5,2?batchnorm=true&bias=false"));
  EXPECT_EQ(normed.macs, plain.macs);
  EXPECT_EQ(normed.parameters, plain.macs + 4 * (5 + 2));
}

}  // namespace
}  // namespace ncprune
