#include "ncprune/model/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ncprune {
namespace {

// Functions of one input that map every unit by itself and give as many.
constexpr std::array kUnitwise{"Relu",        "LeakyRelu",         "Tanh",          "Sigmoid",
                               "Dropout",     "Identity",          "MaxPool",       "AveragePool",
                               "GlobalMaxPool", "GlobalAveragePool"};

// Every unit becomes a stretch of neighbours in [N, units * places].
bool flattens(const Node& node) {
  return node.op_type == "Flatten" && node.integer("axis", 1) == 1;
}

const Layer* layer_at(const std::vector<Layer>& layers, int64_t node) {
  const auto found =
      std::find_if(layers.begin(), layers.end(), [&](const Layer& l) { return l.node == node; });
  return found == layers.end() ? nullptr : &*found;
}

bool owns_vectors(const Network& network, const Node& norm) {
  return std::all_of(norm.inputs.begin() + 1, norm.inputs.end(), [&](const std::string& name) {
    return network.initializers.contains(name) && consumers(network, name).size() == 1;
  });
}

// A vector may stand for two of them: exporters store equal tensors once.
void add_vectors(UnitGroup& group, const Node& norm) {
  std::vector<std::string>& known = group.vectors;
  for (size_t i = 1; i < norm.inputs.size(); ++i) {
    const std::string& name = norm.inputs[i];
    if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
  }
}

UnitCoverage follow(const Network& network, const std::vector<Layer>& layers,
                    const Layer& producer) {
  UnitGroup group{producer, {}, {}};
  const int64_t units = weight_of(network, producer).size(0);
  std::string value = producer.output;
  const auto stays = [&](const std::string& reason) { return UnitCoverage{producer, {}, reason}; };
  for (;;) {
    const std::vector<int64_t> readers = consumers(network, value);
    if (value == network.output.name) return stays("its units are an output of the network");
    if (readers.size() != 1) {
      return stays(fmt::format("{} nodes read '{}'; wanted one", readers.size(), value));
    }
    const Node& node = network.nodes[static_cast<size_t>(readers.front())];
    if (const Layer* consumer = layer_at(layers, readers.front())) {
      group.consumer = *consumer;
      const int64_t columns = weight_of(network, *consumer).size(1);
      group.width = columns / units;
      if (columns % units != 0) return stays("the layer that reads it mixes its units");
      return {producer, {group}, {}};
    }
    const bool norm = node.op_type == "BatchNormalization" && owns_vectors(network, node);
    const bool unitwise =
        std::find(kUnitwise.begin(), kUnitwise.end(), node.op_type) != kUnitwise.end();
    if (!norm && !unitwise && !flattens(node)) {
      return stays(fmt::format("{} {} reads its units", node.op_type, node.label()));
    }
    if (norm) add_vectors(group, node);
    value = node.outputs.front();
  }
}

}  // namespace

std::vector<UnitCoverage> unit_coverage(const Network& network) {
  const std::vector<Layer> layers = linear_layers(network);
  std::vector<UnitCoverage> coverage;
  for (size_t l = 0; l + 1 < layers.size(); ++l) {
    coverage.push_back(follow(network, layers, layers[l]));
  }
  return coverage;
}

Network keep_units(const Network& network, const std::vector<UnitSelection>& selections) {
  Network smaller = network;
  for (const auto& [group, kept] : selections) {
    const int64_t units = weight_of(smaller, group.producer).size(0);
    set_weight(smaller, group.producer, weight_of(smaller, group.producer).index_select(0, kept));
    if (!group.producer.bias.empty()) {
      set_bias(smaller, group.producer, bias_of(smaller, group.producer).index_select(0, kept));
    }
    for (const std::string& name : group.vectors) {
      at::Tensor& vector = smaller.initializers.at(name);
      vector = vector.index_select(0, kept);
    }
    const at::Tensor read = weight_of(smaller, group.consumer);
    set_weight(smaller, group.consumer,
               read.reshape({read.size(0), units, -1}).index_select(1, kept).flatten(1));
  }
  return smaller;
}

}  // namespace ncprune
