#include "ncprune/model/network.h"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/isnan.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "ncprune/base/device.h"
#include "ncprune/base/error.h"
#include "ncprune/model/operators.h"

namespace ncprune {
namespace {

template <typename T>
T attribute(const Node& node, const std::string& key, T fallback) {
  const auto found = node.attributes.find(key);
  if (found == node.attributes.end()) return fallback;
  if (const T* value = std::get_if<T>(&found->second)) return *value;
  throw InputError(fmt::format("node {} ({}): attribute '{}' has the wrong type", node.label(),
                               node.op_type, key));
}

}  // namespace

int64_t Node::integer(const std::string& key, int64_t fallback) const {
  return attribute<int64_t>(*this, key, fallback);
}

double Node::number(const std::string& key, double fallback) const {
  return attribute<float>(*this, key, static_cast<float>(fallback));
}

std::string Node::text(const std::string& key, const std::string& fallback) const {
  return attribute<std::string>(*this, key, fallback);
}

std::vector<int64_t> Node::integers(const std::string& key, std::vector<int64_t> fallback) const {
  return attribute<std::vector<int64_t>>(*this, key, std::move(fallback));
}

std::string Node::label() const {
  if (!name.empty()) return fmt::format("'{}'", name);
  return fmt::format("writing '{}'", outputs.empty() ? "" : outputs.front());
}

Network clone(const Network& network, at::Device device) {
  Network copy = network;
  for (auto& [name, tensor] : copy.initializers) {
    const at::Tensor there = operand_on(device, tensor.detach());
    tensor = there.is_alias_of(tensor) ? there.clone() : there;
  }
  return copy;
}

int64_t producer(const Network& network, const std::string& value) {
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    for (const std::string& output : network.nodes[i].outputs) {
      if (output == value) return static_cast<int64_t>(i);
    }
  }
  return -1;
}

std::vector<int64_t> consumers(const Network& network, const std::string& value) {
  std::vector<int64_t> found;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    for (const std::string& input : network.nodes[i].inputs) {
      if (input != value) continue;
      found.push_back(static_cast<int64_t>(i));
      break;
    }
  }
  return found;
}

std::string logits_value(const Network& network) {
  std::string value = network.output.name;
  for (int64_t i = producer(network, value); i >= 0; i = producer(network, value)) {
    const Node& node = network.nodes[static_cast<size_t>(i)];
    if (node.op_type != "Softmax" && node.op_type != "LogSoftmax" && node.op_type != "Sigmoid" &&
        node.op_type != "Identity") {
      break;
    }
    value = node.inputs.front();
  }
  return value;
}

std::string fresh_name(const Network& network, const std::string& wanted) {
  const auto taken = [&](const std::string& name) {
    return name == network.input.name || network.initializers.contains(name) ||
           producer(network, name) >= 0;
  };
  std::string name = wanted;
  for (int i = 2; taken(name); ++i) name = fmt::format("{}_{}", wanted, i);
  return name;
}

namespace {

// Masks and bounds may be infinite if only Where, Add, Clip, Max or Min reads them.
bool may_be_infinite(const Network& network, const std::string& name) {
  constexpr std::array kReaders{"Add", "Clip", "Max", "Min", "Where"};
  const std::vector<int64_t> readers = consumers(network, name);
  return std::all_of(readers.begin(), readers.end(), [&](int64_t reader) {
    const std::string& type = network.nodes[static_cast<size_t>(reader)].op_type;
    return std::find(kReaders.begin(), kReaders.end(), type) != kReaders.end();
  });
}

bool is_sound(const Network& network, const std::string& name, const at::Tensor& tensor) {
  if (!tensor.is_floating_point() || at::isfinite(tensor).all().item<bool>()) return true;
  return !at::isnan(tensor).any().item<bool>() && may_be_infinite(network, name);
}

}  // namespace

void validate(const Network& network, const std::string& where) {
  std::set<std::string> known{"", network.input.name};
  for (const auto& [name, tensor] : network.initializers) {
    known.insert(name);
    if (!is_sound(network, name, tensor)) {
      throw InputError(
          fmt::format("{}: weight '{}' contains a value that is not finite", where, name));
    }
  }
  for (const Node& node : network.nodes) {
    if (operator_of(node) == nullptr) {
      throw InputError(
          fmt::format("{}: node {} has operator type {}, which ncprune cannot run (see: ncprune "
                      "operators)",
                      where, node.label(), node.op_type));
    }
    for (const std::string& input : node.inputs) {
      if (known.contains(input)) continue;
      throw InputError(fmt::format("{}: node {} ({}) reads '{}', which no node before it writes",
                                   where, node.label(), node.op_type, input));
    }
    for (const std::string& output : node.outputs) {
      if (!output.empty() && !known.insert(output).second) {
        throw InputError(fmt::format("{}: '{}' is written twice", where, output));
      }
    }
  }
  if (!known.contains(network.output.name) || network.output.name.empty()) {
    throw InputError(fmt::format("{}: no node writes the output '{}'", where, network.output.name));
  }
}

}  // namespace ncprune
