#include "ncprune/onnx/element_type.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <unordered_map>

#include "ncprune/model/element_types.h"
#include "ncprune/model/storage.h"

namespace ncprune {
namespace {

using Types = std::unordered_map<std::string, at::ScalarType>;

bool is_floating(at::ScalarType type) {
  return c10::isFloatingType(type);
}

bool is_other_float(at::ScalarType type) {
  return is_floating(type) && type != at::kFloat;
}

bool is_standard(const Node& node, const char* op_type) {
  return node.domain.empty() && node.op_type == op_type;
}

// The element type that the node's attributes say, if they do.
std::optional<at::ScalarType> declared_type(const Node& node) {
  if (is_standard(node, "Cast")) return torch_type(node.integer("to", 1));
  const auto value = node.attributes.find("value");
  if (!is_standard(node, "ConstantOfShape") || value == node.attributes.end()) return std::nullopt;
  const at::Tensor* filling = std::get_if<at::Tensor>(&value->second);
  return filling == nullptr ? std::nullopt : std::optional(filling->scalar_type());
}

void declare_type(Node& node, at::ScalarType type) {
  if (is_standard(node, "Cast")) {
    node.attributes["to"] = int64_t{*onnx_type(type)};
  } else if (is_standard(node, "ConstantOfShape")) {
    node.attributes["value"] = std::get<at::Tensor>(node.attributes.at("value")).to(type);
  }
}

// The floating type of what the node computes from values of these types; integers have none.
std::optional<at::ScalarType> result_type(const Node& node, const Types& types) {
  if (const auto declared = declared_type(node)) return declared;
  const bool by_second = is_standard(node, "DequantizeLinear") || is_standard(node, "Where") ||
                         is_standard(node, "CastLike");
  for (size_t i = by_second ? 1 : 0; i < node.inputs.size(); ++i) {
    const auto found = types.find(node.inputs[i]);
    if (found != types.end()) return found->second;
  }
  return std::nullopt;
}

Types types_in_file(const Network& network) {
  Types types;
  if (is_floating(network.input.type)) types[network.input.name] = network.input.type;
  for (const auto& [name, tensor] : network.initializers) {
    if (tensor.is_floating_point()) types[name] = tensor.scalar_type();
  }
  for (const Node& node : network.nodes) {
    const auto type = result_type(node, types);
    if (!type || !is_floating(*type)) continue;
    for (const std::string& output : node.outputs) types[output] = *type;
  }
  return types;
}

bool computes_in_other_types(const Network& network) {
  return is_other_float(network.input.type) ||
         std::any_of(network.initializers.begin(), network.initializers.end(),
                     [](const auto& entry) {
                       return is_other_float(entry.second.scalar_type()) && entry.second.dim() >= 2;
                     });
}

// Writes one network.
class FileTypes {
 public:
  explicit FileTypes(const Network& network) : network_(network), file_(network) {}

  Network operator()() {
    Types types;
    if (is_floating(network_.input.type)) types[network_.input.name] = network_.input.type;
    for (Node& node : file_.nodes) {
      settle_initializers(node, types);
      const auto type = result_type(node, types);
      for (const std::string& output : node.outputs) {
        const auto known = network_.storage.find(output);
        const bool is_known = known != network_.storage.end();
        if (is_known || (type && is_floating(*type))) {
          types[output] = is_known ? known->second.type : *type;
        }
      }
      const auto declared = declared_type(node);
      if (declared && is_floating(*declared)) declare_type(node, types.at(node.outputs.front()));
    }
    if (const auto found = types.find(file_.output.name); found != types.end()) {
      file_.output.type = found->second;
    }
    std::move(file_.nodes.begin(), file_.nodes.end(), std::back_inserter(decoders_));
    file_.nodes = std::move(decoders_);
    return std::move(file_);
  }

 private:
  // Gives the initializers that the node reads their types in the file; a new one has that of the
  // node's other operands.
  void settle_initializers(Node& node, Types& types) {
    at::ScalarType of_others = at::kFloat;
    for (const std::string& input : node.inputs) {
      const auto found = types.find(input);
      if (found == types.end()) continue;
      of_others = found->second;
      break;
    }
    for (const std::string& input : node.inputs) {
      const auto found = network_.initializers.find(input);
      if (found == network_.initializers.end() || types.contains(input)) continue;
      if (!found->second.is_floating_point()) continue;
      const auto known = network_.storage.find(input);
      types[input] = known == network_.storage.end()
                         ? write(input, Storage{.type = of_others, .read_as = of_others})
                         : write(input, known->second);
    }
  }

  // Returns the type that readers see.
  at::ScalarType write(const std::string& name, const Storage& storage) {
    const bool is_decoded = storage.scale.defined() || storage.type != storage.read_as;
    if (!is_decoded && storage.type == at::kFloat) return storage.type;
    const StoredWeight stored = stored_weight(network_.initializers.at(name), storage, name);
    if (!is_decoded) {
      file_.initializers[name] = stored.values;
      return storage.type;
    }
    file_.initializers.erase(name);
    const std::string own = fresh_name(file_, name + ".stored");
    file_.initializers[own] = stored.values;
    Node decoder{"Cast", "", {own}, {name}, {{"to", int64_t{*onnx_type(storage.read_as)}}}};
    if (storage.scale.defined()) {
      decoder = {"DequantizeLinear", "", {own}, {name}, {{"axis", storage.axis}}};
      decoder.inputs.push_back(fresh_name(file_, name + ".scale"));
      file_.initializers[decoder.inputs.back()] = stored.storage.scale;
      if (stored.storage.zero_point.defined()) {
        decoder.inputs.push_back(fresh_name(file_, name + ".zero_point"));
        file_.initializers[decoder.inputs.back()] = stored.storage.zero_point;
      }
    }
    decoders_.push_back(std::move(decoder));
    return storage.read_as;
  }

  const Network& network_;
  Network file_;
  std::vector<Node> decoders_;
};

}  // namespace

void compute_in_float(Network& network) {
  if (!computes_in_other_types(network)) return;
  for (const auto& [value, type] : types_in_file(network)) {
    network.storage[value] = {.type = type, .read_as = type};
  }
  for (auto& [name, tensor] : network.initializers) {
    if (is_other_float(tensor.scalar_type())) tensor = tensor.to(at::kFloat);
  }
  for (Node& node : network.nodes) {
    const auto declared = declared_type(node);
    if (declared && is_other_float(*declared)) declare_type(node, at::kFloat);
  }
}

Network in_file_types(const Network& network) {
  if (network.storage.empty()) return network;
  return FileTypes(network)();
}

}  // namespace ncprune
