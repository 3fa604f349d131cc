#include "ncprune/model/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ncprune {
namespace {

// Elementwise functions of one input: they map every unit by itself.
constexpr std::array kElementwise{"Relu", "LeakyRelu", "Tanh", "Sigmoid", "Dropout", "Identity"};

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
      return {producer, {group}, {}};
    }
    const bool norm = node.op_type == "BatchNormalization" && owns_vectors(network, node);
    const bool elementwise =
        std::find(kElementwise.begin(), kElementwise.end(), node.op_type) != kElementwise.end();
    if (!norm && !elementwise) {
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
    set_weight(smaller, group.producer, weight_of(smaller, group.producer).index_select(0, kept));
    if (!group.producer.bias.empty()) {
      set_bias(smaller, group.producer, bias_of(smaller, group.producer).index_select(0, kept));
    }
    for (const std::string& name : group.vectors) {
      at::Tensor& vector = smaller.initializers.at(name);
      vector = vector.index_select(0, kept);
    }
    set_weight(smaller, group.consumer, weight_of(smaller, group.consumer).index_select(1, kept));
  }
  return smaller;
}

NetworkCost cost(const Network& network) {
  NetworkCost cost{0, 0};
  for (const auto& [name, tensor] : network.initializers) {
    if (tensor.is_floating_point()) cost.parameters += tensor.numel();
  }
  for (const Layer& layer : linear_layers(network)) {
    cost.macs += network.initializers.at(layer.weight).numel();
  }
  return cost;
}

}  // namespace ncprune
