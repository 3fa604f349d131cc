#include "ncprune/model/known_values.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_set>
#include <vector>

#include "ncprune/base/error.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/layers.h"

namespace ncprune {
namespace {

using Operands = std::vector<at::Tensor>;

bool is_real(const at::Tensor& value) {
  return value.defined() && value.is_floating_point();
}

bool has_unknown(const at::Tensor& value) {
  return is_real(value) && at::isnan(value).any().item<bool>();
}

at::Tensor unknown_like(const at::Tensor& value) {
  return at::full_like(value, std::numeric_limits<double>::quiet_NaN());
}

// `value` with NaN where `unknown`, which broadcasts.
at::Tensor hidden_where(const at::Tensor& unknown, const at::Tensor& value) {
  return at::where(unknown, unknown_like(value), value);
}

Operands with_zeros(Operands inputs) {
  for (at::Tensor& input : inputs) {
    if (is_real(input)) input = at::where(at::isnan(input), at::zeros_like(input), input);
  }
  return inputs;
}

// An element of a product or convolution is unknown if an unknown number is multiplied with
// anything but a known 0. The product of masks counts such pairs.
Operands of_product(const Node& node, const Operands& inputs) {
  const at::Tensor result = run_node(node, with_zeros(inputs), {}).front();
  const auto unknown = [&](size_t i) { return at::isnan(inputs[i]).to(inputs[i].scalar_type()); };
  const auto counts = [&](size_t i) { return inputs[i].ne(0).to(inputs[i].scalar_type()); };
  at::Tensor hidden = run_node(node, {unknown(0), counts(1)}, {}).front().ne(0);
  if (has_unknown(inputs[1])) {
    hidden = hidden.logical_or(run_node(node, {counts(0), unknown(1)}, {}).front().ne(0));
  }
  return {hidden_where(hidden, result)};
}

Operands of_elements(const Node& node, const Operands& inputs) {
  at::Tensor result = run_node(node, with_zeros(inputs), {}).front();
  if (!is_real(result)) return {result};
  for (const at::Tensor& input : inputs) {
    if (has_unknown(input)) result = hidden_where(at::isnan(input), result);
  }
  return {result};
}

Operands of_multiplication(const Node& node, const Operands& inputs) {
  const at::Tensor result = of_elements(node, inputs).front();
  const at::Tensor zero = inputs.at(0).eq(0).logical_or(inputs.at(1).eq(0));
  return {at::where(zero, at::zeros_like(result), result)};
}

// A channel with scale 0 is its shift.
Operands of_norm(const Node& node, const Operands& inputs) {
  Operands own = inputs;
  std::vector<int64_t> along(static_cast<size_t>(own.front().dim()), 1);
  along.at(1) = -1;
  const at::Tensor zero = own.at(1).eq(0).view(along);
  own.front() = at::where(zero, at::zeros_like(own.front()), own.front());
  return of_elements(node, own);
}

// Means, sums and maxima are unknown if one of their elements is.
Operands of_window(const Node& node, const Operands& inputs) {
  const at::Tensor result = run_node(node, with_zeros(inputs), {}).front();
  Operands masks = inputs;
  masks.front() = at::isnan(inputs.front()).to(inputs.front().scalar_type());
  return {hidden_where(run_node(node, masks, {}).front().ne(0), result)};
}

// Where elements are only moved, NaN moves with them.
Operands of_moving(const Node& node, const Operands& inputs) {
  return run_node(node, inputs, {});
}

// How unknown elements pass through an operator.
struct Passage {
  Operands (*values)(const Node&, const Operands&);
  size_t inputs;  // how many may be unknown, from the first on
};

const Passage* passage_of(const Node& node) {
  static const std::map<std::string, Passage> table = [] {
    constexpr size_t kAll = std::numeric_limits<size_t>::max();
    std::map<std::string, Passage> all;
    for (const char* type : {"Conv", "ConvTranspose", "Gemm", "MatMul"}) {
      all[type] = {of_product, 2};
    }
    for (const char* type : {"Add", "Sub", "Div", "Pow", "Max", "Min", "Neg", "Abs", "Sqrt", "Exp",
                             "Log", "Erf", "Reciprocal"}) {
      all[type] = {of_elements, kAll};
    }
    all["Mul"] = {of_multiplication, kAll};
    all["BatchNormalization"] = {of_norm, 1};
    for (const char* type : {"AveragePool", "MaxPool", "GlobalAveragePool", "GlobalMaxPool",
                             "ReduceMean", "ReduceSum", "ReduceMax"}) {
      all[type] = {of_window, 1};
    }
    all["Concat"] = {of_moving, kAll};
    for (const char* type : {"Identity", "Dropout", "Flatten", "Reshape", "Squeeze", "Unsqueeze",
                             "Transpose", "Slice", "Split", "Gather", "Expand", "Pad"}) {
      all[type] = {of_moving, 1};
    }
    return all;
  }();
  static const Passage elementwise{of_elements, 1};
  if (node.foreign || !node.domain.empty()) return nullptr;
  if (is_activation(node.op_type)) return &elementwise;
  const auto found = table.find(node.op_type);
  return found == table.end() ? nullptr : &found->second;
}

// The walk from the input to the output.
class Knowledge {
 public:
  explicit Knowledge(const Network& network) : network_(network) {
    std::vector<int64_t> shape = network.input.shape;
    shape.front() = 1;
    const at::Tensor input = at::zeros(shape);
    const bool whole = c10::isIntegralType(network.input.type, /*includeBool=*/false);
    set(network.input.name, whole ? input.to(network.input.type) : unknown_like(input), true);
  }

  void pass(const Node& node) {
    Operands inputs;
    bool is_unknown = false;  // whether something in the inputs depends on the network's input
    bool is_opaque = false;   // whether no NaN shows what
    size_t unknown_inputs = 0;
    for (const std::string& name : node.inputs) {
      inputs.push_back(value(name));
      const bool hidden = opaque_.contains(name);
      is_opaque = is_opaque || hidden;
      if (!hidden && !has_unknown(inputs.back())) continue;
      is_unknown = true;
      unknown_inputs = inputs.size();
    }
    const Passage* passage = passage_of(node);
    const bool passes = passage != nullptr && !is_opaque && unknown_inputs <= passage->inputs;
    const Operands outputs = is_unknown && passes ? passage->values(node, inputs)
                                                  : run_node(node, with_zeros(inputs), {});
    const bool sizes_only = node.op_type == "Shape" || node.op_type == "Size";
    for (size_t k = 0; k < std::min(outputs.size(), node.outputs.size()); ++k) {
      const bool hides = is_unknown && !passes && !sizes_only;
      set(node.outputs[k], hides && is_real(outputs[k]) ? unknown_like(outputs[k]) : outputs[k],
          is_unknown && !sizes_only);
    }
  }

  std::unordered_map<std::string, at::Tensor> real_values() const {
    std::unordered_map<std::string, at::Tensor> found;
    for (const auto& [name, value] : values_) {
      if (is_real(value)) found.emplace(name, value);
    }
    return found;
  }

 private:
  at::Tensor value(const std::string& name) const {
    if (name.empty()) return {};
    if (const auto found = values_.find(name); found != values_.end()) return found->second;
    const auto weight = network_.initializers.find(name);
    if (weight != network_.initializers.end()) return weight->second;
    throw InputError(fmt::format("'{}' is not computed", name));
  }

  void set(const std::string& name, const at::Tensor& value, bool depends_on_input) {
    values_.insert_or_assign(name, value);
    if (depends_on_input && !is_real(value)) opaque_.insert(name);
  }

  const Network& network_;
  std::unordered_map<std::string, at::Tensor> values_;
  std::unordered_set<std::string> opaque_;  // whole numbers and truth values that are unknown
};

}  // namespace

std::unordered_map<std::string, at::Tensor> known_values(const Network& network) {
  const at::NoGradGuard no_grad;
  Knowledge knowledge(network);
  for (const Node& node : network.nodes) knowledge.pass(node);
  return knowledge.real_values();
}

}  // namespace ncprune
