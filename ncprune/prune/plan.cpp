#include "ncprune/prune/plan.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <c10/util/hash.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/model/layers.h"
#include "ncprune/model/units.h"

namespace ncprune {
namespace {

constexpr int64_t kVersion = 2;

std::string sha1_of(const at::Tensor& tensor) {
  const at::Tensor whole = tensor.contiguous();
  return c10::sha1({static_cast<const char*>(whole.data_ptr()), whole.nbytes()}).str();
}

PlannedTensor planned(const Network& network, const Layer& layer) {
  const at::Tensor& tensor = network.initializers.at(layer.weight);
  return {layer.name, layer.weight, tensor.sizes().vec(), sha1_of(tensor), {}, {}};
}

std::string bits_text(const at::Tensor& mask) {
  const at::Tensor whole = mask.contiguous();
  const auto bits = elements<bool>(whole);
  std::string text;
  for (size_t begin = 0; begin < bits.size(); begin += 8) {
    unsigned byte = 0;
    for (size_t i = 0; i < 8; ++i) {
      byte = byte << 1U | static_cast<unsigned>(begin + i < bits.size() && bits[begin + i]);
    }
    text += fmt::format("{:02x}", byte);
  }
  return text;
}

at::Tensor bits_of(const std::string& text, const std::vector<int64_t>& shape,
                   const std::string& where) {
  const int64_t size = c10::multiply_integers(shape);
  const auto digit = [&](size_t i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    throw InputError(fmt::format("{}: 'mask' is not hexadecimal at character {}", where, i + 1));
  };
  if (std::ssize(text) != (size + 7) / 8 * 2) {
    throw InputError(fmt::format("{}: 'mask' has {} characters; wanted {} for a tensor of {}",
                                 where, text.size(), (size + 7) / 8 * 2, fmt::join(shape, " x ")));
  }
  at::Tensor mask = at::empty(shape, at::TensorOptions(at::kBool));
  const auto bits = elements<bool>(mask);
  for (size_t i = 0; i < bits.size(); ++i) bits[i] = (digit(i / 4) >> (3 - i % 4) & 1U) != 0;
  return mask;
}

PlannedTensor read_tensor(const Json& json, bool units_leave, const std::string& where) {
  constexpr int64_t kLargest = int64_t{1} << 31;
  PlannedTensor tensor;
  json.at("layer").get_to(tensor.layer);
  json.at("tensor").get_to(tensor.tensor);
  json.at("shape").get_to(tensor.shape);
  json.at("sha1").get_to(tensor.sha1);
  const std::string here = fmt::format("{}: tensor '{}'", where, tensor.tensor);
  int64_t size = 1;
  for (const int64_t n : tensor.shape) {
    if (n < 1 || n > kLargest / size) {
      throw InputError(
          fmt::format("{}: shape {} is impossible", here, fmt::join(tensor.shape, " x ")));
    }
    size *= n;
  }
  if (!units_leave) {
    tensor.mask = bits_of(json.at("mask").get<std::string>(), tensor.shape, here);
    return tensor;
  }
  const auto units = json.at("units").get<std::vector<int64_t>>();
  if (std::adjacent_find(units.begin(), units.end(), std::greater_equal<>()) != units.end()) {
    throw InputError(fmt::format("{}: 'units' do not ascend", here));
  }
  tensor.units = at::tensor(units, at::TensorOptions(at::kLong));
  return tensor;
}

// The plan's entry for each of `layers`.
template <typename Field>
std::vector<at::Tensor> in_layer_order(const std::vector<Layer>& layers, const Plan& plan,
                                       Field field) {
  std::vector<at::Tensor> ordered;
  for (const Layer& layer : layers) {
    const auto found =
        std::find_if(plan.tensors.begin(), plan.tensors.end(),
                     [&](const PlannedTensor& t) { return t.tensor == layer.weight; });
    if (found == plan.tensors.end()) {
      throw InputError(
          fmt::format("the plan has no entry for layer '{}' ('{}')", layer.name, layer.weight));
    }
    ordered.push_back(field(*found, layer));
  }
  return ordered;
}

}  // namespace

Plan plan_of(const Network& dense, const Pruned& pruned) {
  Plan plan{pruned.recipe, {}};
  if (removes_units(pruned.recipe)) {
    const std::vector<Layer> layers = unit_layers(dense);
    for (size_t l = 0; l < layers.size(); ++l) {
      plan.tensors.push_back(planned(dense, layers[l]));
      plan.tensors.back().units = pruned.kept[l];
    }
    return plan;
  }
  const std::vector<Layer> layers = prunable_layers(dense);
  for (size_t l = 0; l < layers.size(); ++l) {
    const at::Tensor own = as_stored(layers[l], pruned.kept[l]);
    if (layers[l].group == 0) plan.tensors.push_back(planned(dense, layers[l]));
    at::Tensor& mask = plan.tensors.back().mask;
    mask = layers[l].group == 0 ? own : at::cat({mask, own});
  }
  return plan;
}

Json plan_json(const Plan& plan) {
  Json json{{"ncprune_plan", kVersion}, {"recipe", recipe_json(plan.recipe)}};
  json["tensors"] = Json::array();
  for (const PlannedTensor& t : plan.tensors) {
    Json entry{{"layer", t.layer}, {"tensor", t.tensor}, {"shape", t.shape}, {"sha1", t.sha1}};
    if (t.units.defined()) {
      const auto units = elements<int64_t>(t.units);
      entry["units"] = std::vector<int64_t>(units.begin(), units.end());
    } else {
      entry["mask"] = bits_text(t.mask);
    }
    json["tensors"].push_back(std::move(entry));
  }
  return json;
}

Plan parse_plan(const std::string& text, const std::string& where) {
  try {
    const Json json = Json::parse(text);
    const auto version = json.at("ncprune_plan").get<int64_t>();
    if (version < 1 || version > kVersion) {
      throw InputError(
          fmt::format("{}: a plan of version {}; wanted 1 to {}", where, version, kVersion));
    }
    Plan plan{read_recipe(version == 1 ? json : json.at("recipe"), where), {}};
    const bool units_leave = removes_units(plan.recipe);
    for (const Json& tensor : json.at("tensors")) {
      plan.tensors.push_back(read_tensor(tensor, units_leave, where));
    }
    return plan;
  } catch (const nlohmann::json::exception& error) {
    throw InputError(fmt::format("{}: is not a plan: {}", where, error.what()));
  }
}

std::vector<std::string> changed_tensors(const Plan& plan, const Network& network) {
  std::vector<std::string> changed;
  for (const PlannedTensor& t : plan.tensors) {
    const auto found = network.initializers.find(t.tensor);
    if (found == network.initializers.end()) {
      throw InputError(
          fmt::format("the network has no tensor '{}', which the plan prunes", t.tensor));
    }
    if (found->second.sizes() != at::IntArrayRef(t.shape)) {
      throw InputError(fmt::format("tensor '{}' is {}; the plan was made for {}", t.tensor,
                                   fmt::join(found->second.sizes().vec(), " x "),
                                   fmt::join(t.shape, " x ")));
    }
    if (sha1_of(found->second) != t.sha1) changed.push_back(t.tensor);
  }
  return changed;
}

Pruned apply_plan(const Network& network, const Plan& plan, const Dataset& data) {
  changed_tensors(plan, network);
  const bool units_leave = removes_units(plan.recipe);
  const auto kept = [&](const PlannedTensor& t, const Layer& layer) {
    return units_leave ? t.units : as_matrix(layer, t.mask);
  };
  const std::vector<Layer> layers = units_leave ? unit_layers(network) : prunable_layers(network);
  return apply(network, in_layer_order(layers, plan, kept), data, plan.recipe);
}

}  // namespace ncprune
