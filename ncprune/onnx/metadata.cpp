#include "ncprune/onnx/metadata.h"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/base/json.h"

namespace ncprune {
namespace {

constexpr const char* kClassNames = "ncprune.class_names";
constexpr const char* kClassCounts = "ncprune.class_counts";
constexpr const char* kMinority = "ncprune.minority";
constexpr const char* kInputMean = "ncprune.input_mean";
constexpr const char* kInputScale = "ncprune.input_scale";
constexpr const char* kInputLayout = "ncprune.input_layout";
constexpr const char* kInputChannels = "ncprune.input_channels";
constexpr int kMaxArrayRank = 8;

struct NestedArray {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

// Appends the numbers of `json`, nested arrays of the sizes in `shape` from `depth` on.
void flatten(const Json& json, size_t depth, NestedArray& array) {
  if (depth == array.shape.size()) {
    if (!json.is_number()) throw InputError("not a number");
    array.values.push_back(json.get<float>());
    return;
  }
  if (!json.is_array() || static_cast<int64_t>(json.size()) != array.shape[depth]) {
    throw InputError("not a rectangular array");
  }
  for (const Json& item : json) flatten(item, depth + 1, array);
}

at::Tensor tensor_from_json(const Json& json) {
  NestedArray array;
  for (const Json* level = &json; level->is_array(); level = &level->front()) {
    if (level->empty() || array.shape.size() == kMaxArrayRank)
      throw InputError("an empty or too deeply nested array");
    array.shape.push_back(static_cast<int64_t>(level->size()));
  }
  flatten(json, 0, array);
  at::Tensor tensor = at::tensor(array.values, at::kFloat).reshape(array.shape);
  if (!at::isfinite(tensor).all().item<bool>()) throw InputError("a number that is not finite");
  return tensor;
}

// A float written as a double keeps its bits, whatever the rounding of readers.
Json json_from_tensor(const at::Tensor& tensor) {
  if (tensor.dim() == 0) return tensor.item<double>();
  Json array = Json::array();
  for (int64_t i = 0; i < tensor.size(0); ++i) array.push_back(json_from_tensor(tensor[i]));
  return array;
}

std::vector<int64_t> integers_from(const Json& json) {
  if (!json.is_array()) throw InputError("not an array");
  std::vector<int64_t> values;
  for (const Json& item : json) {
    if (!item.is_number_integer() || item.get<int64_t>() < 0) throw InputError("not a count");
    values.push_back(item.get<int64_t>());
  }
  return values;
}

std::vector<std::string> strings_from(const Json& json) {
  if (!json.is_array()) throw InputError("not an array");
  std::vector<std::string> values;
  for (const Json& item : json) {
    if (!item.is_string()) throw InputError("not a string");
    values.push_back(item.get<std::string>());
  }
  return values;
}

// Whether `json` is `special`; `usual` is the other value.
bool is_special(const Json& json, std::string_view special, std::string_view usual) {
  if (json == special) return true;
  if (json == usual) return false;
  throw InputError(fmt::format("neither \"{}\" nor \"{}\"", usual, special));
}

// Returns whether `key` belongs to ncprune; its value is then in `metadata`.
bool take(const std::string& key, const std::string& value, Metadata& metadata) {
  const auto json = [&] { return Json::parse(value); };
  if (key == kClassNames) {
    metadata.class_names = strings_from(json());
  } else if (key == kClassCounts) {
    metadata.class_counts = integers_from(json());
  } else if (key == kMinority) {
    metadata.minority = integers_from(json());
  } else if (key == kInputMean) {
    metadata.input_mean = tensor_from_json(json());
  } else if (key == kInputScale) {
    metadata.input_scale = tensor_from_json(json());
    if (metadata.input_scale.eq(0).any().item<bool>()) throw InputError("a scale of 0");
  } else if (key == kInputLayout) {
    metadata.channels_last = is_special(json(), "nhwc", "nchw");
  } else if (key == kInputChannels) {
    metadata.reversed_channels = is_special(json(), "bgr", "rgb");
  } else {
    return false;
  }
  return true;
}

void require_fewer_values(const at::Tensor& tensor, const Network& network, const char* key) {
  if (!tensor.defined()) return;
  int64_t values = 1;
  for (size_t i = 1; i < network.input.shape.size(); ++i) {
    if (network.input.shape[i] < 0) return;
    values *= network.input.shape[i];
  }
  if (tensor.numel() <= values) return;
  throw InputError(fmt::format("metadata entry {} has {} values; the input has {}", key,
                               tensor.numel(), values));
}

}  // namespace

Metadata metadata_from(const onnx::ModelProto& model) {
  Metadata metadata;
  for (const auto& entry : model.metadata_props()) {
    try {
      if (!take(entry.key(), entry.value(), metadata)) metadata.other[entry.key()] = entry.value();
    } catch (const InputError& error) {
      throw InputError(fmt::format("metadata entry {}: {}", entry.key(), error.what()));
    } catch (const Json::exception&) {
      throw InputError(fmt::format("metadata entry {} has invalid JSON", entry.key()));
    }
  }
  return metadata;
}

void require_consistent(const Network& network) {
  const Metadata& metadata = network.metadata;
  const int64_t classes = network.num_classes();
  const auto require_count = [&](size_t count, const char* key) {
    if (count == 0 || classes < 0 || static_cast<int64_t>(count) == classes) return;
    throw InputError(
        fmt::format("metadata entry {} has {} classes; the network has {}", key, count, classes));
  };
  require_count(metadata.class_names.size(), kClassNames);
  require_count(metadata.class_counts.size(), kClassCounts);
  if (!std::is_sorted(metadata.minority.begin(), metadata.minority.end(), std::less_equal<>()) ||
      (classes >= 0 && !metadata.minority.empty() && metadata.minority.back() >= classes)) {
    throw InputError(
        fmt::format("metadata entry {}: not class indices in ascending order", kMinority));
  }
  require_fewer_values(metadata.input_mean, network, kInputMean);
  require_fewer_values(metadata.input_scale, network, kInputScale);
}

void add_metadata(onnx::ModelProto& model, const Metadata& metadata) {
  const auto add = [&](const std::string& key, const std::string& value) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  };
  const auto add_json = [&](const char* key, const Json& json) {
    add(key, json.dump(-1, ' ', false, Json::error_handler_t::replace));
  };
  if (!metadata.class_names.empty()) add_json(kClassNames, metadata.class_names);
  if (!metadata.class_counts.empty()) add_json(kClassCounts, metadata.class_counts);
  if (!metadata.minority.empty()) add_json(kMinority, metadata.minority);
  if (metadata.input_mean.defined()) add_json(kInputMean, json_from_tensor(metadata.input_mean));
  if (metadata.input_scale.defined()) add_json(kInputScale, json_from_tensor(metadata.input_scale));
  if (metadata.channels_last) add_json(kInputLayout, "nhwc");
  if (metadata.reversed_channels) add_json(kInputChannels, "bgr");
  for (const auto& [key, value] : metadata.other) add(key, value);
}

}  // namespace ncprune
