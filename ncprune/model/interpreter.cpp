#include "ncprune/model/interpreter.h"

#include <ATen/ExpandUtils.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "ncprune/base/device.h"
#include "ncprune/base/error.h"
#include "ncprune/base/naming.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/cost.h"

namespace ncprune {
namespace {

struct RunOrder {
  std::vector<bool> needed;                    // by node: whether it must run
  std::vector<std::vector<std::string>> done;  // by node: values not needed after it
};

// The nodes and values that `wanted` needs, found in one backward walk.
RunOrder run_order(const Network& network, const std::vector<std::string>& wanted) {
  std::unordered_set<std::string> values(wanted.begin(), wanted.end());
  RunOrder plan;
  plan.needed.resize(network.nodes.size());
  plan.done.resize(network.nodes.size());
  for (size_t i = network.nodes.size(); i-- > 0;) {
    const Node& node = network.nodes[i];
    plan.needed[i] =
        std::any_of(node.outputs.begin(), node.outputs.end(),
                    [&](const std::string& output) { return values.contains(output); });
    if (!plan.needed[i]) continue;
    for (const std::string& input : node.inputs) {
      if (values.insert(input).second) plan.done[i].push_back(input);
    }
  }
  return plan;
}

at::Tensor value_at(const Network& network, const PartialRun& place, const std::string& name) {
  if (name.empty()) return {};
  if (const auto found = place.values.find(name); found != place.values.end()) {
    return operand_on(place.device, found->second);
  }
  if (const auto found = network.initializers.find(name); found != network.initializers.end()) {
    const at::Tensor weight = operand_on(place.device, found->second);
    const bool tracked = place.tracks_weights && weight.is_floating_point();
    return tracked && !weight.requires_grad() ? weight.detach().requires_grad_(true) : weight;
  }
  // An output of ONNX's operator that is not supported here, such as Dropout's mask.
  throw InputError(
      fmt::format("'{}' is not computed: only the first output of its node is supported", name));
}

bool takes_whole_numbers(const Network& network) {
  return c10::isIntegralType(network.input.type, /*includeBool=*/false);
}

int64_t product(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

}  // namespace

std::vector<at::Tensor> run_node(const Node& node, const std::vector<at::Tensor>& inputs,
                                 const RunMode& mode) {
  const Operator* op = operator_of(node);
  try {
    if (op == nullptr) throw InputError("cannot be run");
    return op->run(node, inputs, mode);
  } catch (const c10::Error& error) {
    // LibTorch's message has several lines; the first one describes the error.
    const std::string what = error.what_without_backtrace();
    refuse(node, what.substr(0, what.find('\n')));
  } catch (const std::out_of_range&) {
    refuse(node, "too few inputs");
  } catch (const InputError&) {
    throw;
  } catch (const std::runtime_error& error) {  // from LibTorch, if alpha is out of range
    refuse(node, error.what());
  }
}

PartialRun begin_run(const Network& network, const at::Tensor& input) {
  if (!takes_whole_numbers(network)) return {input.device(), 0, {{network.input.name, input}}};
  return {.device = input.device(),
          .values = {{network.input.name, input.detach().to(network.input.type)}},
          .tracks_weights = input.requires_grad()};
}

PartialRun go_on(const Network& network, PartialRun place, const RunGoal& goal) {
  const RunOrder plan = run_order(network, goal.wanted);
  for (; place.next < goal.end; ++place.next) {
    if (!plan.needed[place.next]) continue;
    const Node& node = network.nodes[place.next];
    std::vector<at::Tensor> inputs;
    inputs.reserve(node.inputs.size());
    for (const std::string& name : node.inputs) inputs.push_back(value_at(network, place, name));
    const std::vector<at::Tensor> outputs = run_node(node, inputs, goal.mode);
    for (size_t k = 0; k < std::min(outputs.size(), node.outputs.size()); ++k) {
      place.values.insert_or_assign(node.outputs[k], outputs[k]);
    }
    inputs.clear();
    for (const std::string& name : plan.done[place.next]) place.values.erase(name);
  }
  return place;
}

bool leads_to(const Network& network, const PartialRun& place,
              const std::vector<std::string>& wanted) {
  std::unordered_set<std::string> there;
  const auto known = [&](const std::string& name) {
    return name.empty() || there.contains(name) || place.values.contains(name) ||
           network.initializers.contains(name);
  };
  const std::vector<bool> needed = run_order(network, wanted).needed;
  for (size_t i = place.next; i < network.nodes.size(); ++i) {
    if (!needed[i]) continue;
    const Node& node = network.nodes[i];
    if (!std::all_of(node.inputs.begin(), node.inputs.end(), known)) return false;
    there.insert(node.outputs.begin(), node.outputs.end());
  }
  return std::all_of(wanted.begin(), wanted.end(), known);
}

std::vector<at::Tensor> values_at(const Network& network, const PartialRun& place,
                                  const std::vector<std::string>& wanted) {
  std::vector<at::Tensor> values;
  values.reserve(wanted.size());
  for (const std::string& name : wanted) values.push_back(value_at(network, place, name));
  return values;
}

std::vector<at::Tensor> run(const Network& network, const at::Tensor& input,
                            const std::vector<std::string>& wanted, const RunMode& mode) {
  const PartialRun done =
      go_on(network, begin_run(network, input), {wanted, network.nodes.size(), mode});
  return values_at(network, done, wanted);
}

namespace {

// (raw - mean) / scale as the metadata say, on the compute device.
at::Tensor normalised(const Metadata& metadata, const at::Tensor& raw) {
  for (const at::Tensor& t : {metadata.input_mean, metadata.input_scale}) {
    if (!t.defined() || at::is_expandable_to(t.sizes(), raw.sizes())) continue;
    throw InputError(
        fmt::format("the network's input normalisation has shape [{}]; samples are [{}]",
                    fmt::join(t.sizes(), ", "), fmt::join(raw.sizes().slice(1), ", ")));
  }
  at::Tensor inputs = raw.to(compute_device());
  const auto there = [&](const at::Tensor& t) { return t.to(inputs.device()); };
  if (metadata.input_mean.defined()) inputs = inputs - there(metadata.input_mean);
  if (metadata.input_scale.defined()) inputs = inputs / there(metadata.input_scale);
  return inputs;
}

// Pictures [N, channels, height, width] in the order of channels and axes that the graph takes.
at::Tensor arranged(const Metadata& metadata, at::Tensor inputs) {
  if (!metadata.reversed_channels && !metadata.channels_last) return inputs;
  if (inputs.dim() != 4) {
    throw InputError(fmt::format("the network takes pictures ({}); samples are [{}]",
                                 metadata.channels_last ? "channels last" : "blue, green, red",
                                 fmt::join(inputs.sizes().slice(1), ", ")));
  }
  if (metadata.reversed_channels) inputs = inputs.flip({1});
  return metadata.channels_last ? inputs.permute({0, 2, 3, 1}) : inputs;
}

// Pictures whose channels the graph takes last have as many values in another order.
void require_layout(at::IntArrayRef wanted, at::IntArrayRef given) {
  if (wanted.size() != 4 || given.size() != 4 || wanted.slice(1) == given.slice(1)) return;
  if (wanted[1] != given[2] || wanted[2] != given[3] || wanted[3] != given[1]) return;
  if (given[1] == 1) return;  // one order is the other
  throw InputError(fmt::format(
      "the network takes samples of shape [{}]; the data have [{}]; if it takes the channels of "
      "pictures last, say so, as in images:DIR?layout=nhwc",
      fmt::join(wanted.slice(1), ", "), fmt::join(given.slice(1), ", ")));
}

// What gives pictures another height and width, if that is all that differs.
std::string size_remedy(at::IntArrayRef wanted, at::IntArrayRef given) {
  if (wanted.size() != 3 || given.size() != 3) return "";
  const bool first = wanted[0] == given[0];
  if (!first && wanted[2] != given[0]) return "";
  const auto sides = wanted.slice(first ? 1 : 0, 2);
  return sides[0] == sides[1]
             ? fmt::format("; pictures become as large with images:DIR?crop={0} (or size={0})",
                           sides[0])
             : fmt::format("; pictures become as large with images:DIR?crop={}x{}", sides[0],
                           sides[1]);
}

}  // namespace

at::Tensor prepare_inputs(const Network& network, const at::Tensor& raw) {
  std::vector<int64_t> shape(network.input.shape);
  shape.front() = raw.size(0);
  const std::vector<int64_t> sample(shape.begin() + 1, shape.end());
  const bool fixed = std::all_of(sample.begin(), sample.end(), [](int64_t n) { return n >= 0; });
  if (fixed && product(sample) != product(raw.sizes().slice(1).vec())) {
    throw InputError(fmt::format("the network takes samples of shape [{}]; the data have [{}]{}",
                                 fmt::join(sample, ", "), fmt::join(raw.sizes().slice(1), ", "),
                                 size_remedy(sample, raw.sizes().slice(1))));
  }
  at::Tensor inputs = arranged(network.metadata, normalised(network.metadata, raw));
  if (takes_whole_numbers(network) && !inputs.frac().eq(0).all().item<bool>()) {
    throw InputError(
        fmt::format("the network takes whole numbers ({}), such as tokens; the data have others",
                    toString(network.input.type)));
  }
  if (!fixed) return inputs;
  require_layout(shape, inputs.sizes());
  return inputs.reshape(shape);
}

// Small enough to stay in a cache: a single thread's own, or the outer one of several threads,
// which wait for each other once an operator. Convolutions have about ten times as many activations
// as fully connected layers, and more for large images.
int64_t batch_size(const Network& network) {
  constexpr int64_t kValues = int64_t{1} << 22;
  if (!convolves(network)) return 2048;
  int64_t sample = 1;
  for (const int64_t size : network.input.shape) sample *= std::max<int64_t>(size, 1);
  const bool one_thread = world_threads() == 1 && !compute_device().is_cuda();
  return std::clamp<int64_t>(kValues / sample, 1, one_thread ? 48 : 256);
}

int64_t gradient_batch_size(const Network& network) {
  constexpr int64_t kMaxValues = int64_t{1} << 28;
  std::vector<int64_t> shape;
  for (const int64_t n : network.input.shape) shape.push_back(std::max<int64_t>(n, 1));
  const at::NoGradGuard no_grad;
  PartialRun place = begin_run(network, at::zeros(shape).to(compute_device()));
  const std::vector<std::string> wanted{logits_value(network)};
  int64_t values = 1;
  while (place.next < network.nodes.size()) {
    const size_t end = place.next + 1;
    place = go_on(network, std::move(place), {wanted, end});
    for (const std::string& output : network.nodes[end - 1].outputs) {
      const auto found = place.values.find(output);
      if (found != place.values.end()) values += found->second.numel();
    }
  }
  return std::clamp<int64_t>(kMaxValues / values, 1, batch_size(network));
}

namespace {

using InputsAt = std::function<at::Tensor(int64_t begin, int64_t end)>;

// The value called `name` for `size` samples, whose raw inputs `inputs_at` gives.
at::Tensor value_in_batches(const Network& network, const std::string& name, int64_t size,
                            const InputsAt& inputs_at) {
  const int64_t batch = batch_size(network);
  const at::NoGradGuard no_grad;
  const int64_t batches = (size + batch - 1) / batch;
  const bool shared = batches > 1;  // running one batch is faster than sending it
  const Share own = shared ? world_share(batches) : Share{0, batches};
  std::vector<at::Tensor> parts;
  for (int64_t b = own.begin; b < own.end; ++b) {
    const at::Tensor inputs =
        prepare_inputs(network, inputs_at(b * batch, std::min((b + 1) * batch, size)));
    parts.push_back(run(network, inputs, {name}).front().cpu());
  }
  const at::Tensor mine = parts.empty() ? at::Tensor() : at::cat(parts);
  return shared ? gather_rows(mine, own.begin * batch, size) : mine;
}

}  // namespace

at::Tensor value_of_all(const Network& network, const std::string& name, const at::Tensor& raw) {
  return value_in_batches(network, name, raw.size(0),
                          [&](int64_t begin, int64_t end) { return raw.slice(0, begin, end); });
}

at::Tensor value_of_all(const Network& network, const std::string& name, const Dataset& data) {
  return value_in_batches(network, name, data.size(),
                          [&](int64_t begin, int64_t end) { return data.inputs_at(begin, end); });
}

at::Tensor logits(const Network& network, const at::Tensor& raw) {
  return value_of_all(network, logits_value(network), raw);
}

at::Tensor logits(const Network& network, const Dataset& data) {
  return value_of_all(network, logits_value(network), data);
}

void require_fits(const Network& network, const Dataset& data, const std::string& where) {
  const at::NoGradGuard no_grad;
  require_scores_fit(naming(where, [&] { return logits(network, data.inputs_at(0, 1)); }), data,
                     where);
}

void require_scores_fit(const at::Tensor& scores, const Dataset& data, const std::string& where) {
  if (scores.dim() == 2 && scores.size(1) == data.num_scores()) return;
  throw InputError(fmt::format("{}: computes scores of shape [{}]; the data have {} {}", where,
                               fmt::join(scores.sizes(), ", "), data.num_scores(),
                               data.label_sets.defined() ? "labels" : "classes"));
}

}  // namespace ncprune
