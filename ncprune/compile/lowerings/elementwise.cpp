// Elementwise operators: one C expression each.
#include <fmt/format.h>

#include "ncprune/compile/lowering.h"
#include "ncprune/model/operators.h"

namespace ncprune::lowerings_files {
namespace {

// C text of one operation, with the node's attributes as numbers.
using Expression = std::string (*)(const Node&);

struct Elementwise {
  const char* name;
  Expression text;
};

#define PLAIN(TEXT) [](const Node&) { return std::string(TEXT); }

std::string with_numbers(const char* function, std::initializer_list<double> numbers) {
  std::string text = fmt::format("{}({{0}}", function);
  for (const double number : numbers) text += ", " + c_number(number);
  return text + ")";
}

constexpr Elementwise kElementwise[] = {
    {"Abs", PLAIN("fabsf({0})")},
    {"Acos", PLAIN("acosf({0})")},
    {"Acosh", PLAIN("acoshf({0})")},
    {"Asin", PLAIN("asinf({0})")},
    {"Asinh", PLAIN("asinhf({0})")},
    {"Atan", PLAIN("atanf({0})")},
    {"Atanh", PLAIN("atanhf({0})")},
    {"Ceil", PLAIN("ceilf({0})")},
    {"Celu", [](const Node& n) { return with_numbers("nc_celu", {n.number("alpha", 1)}); }},
    {"Cos", PLAIN("cosf({0})")},
    {"Cosh", PLAIN("coshf({0})")},
    {"Elu",
     [](const Node& n) {
       return with_numbers("nc_elu", {n.number("alpha", 1), 1.0});
     }},
    {"Erf", PLAIN("nc_erf({0})")},
    {"Exp", PLAIN("nc_exp({0})")},
    {"Floor", PLAIN("floorf({0})")},
    {"Gelu",
     [](const Node& n) {
       return std::string(n.text("approximate", "none") == "tanh" ? "nc_gelu_tanh({0})"
                                                                  : "nc_gelu({0})");
     }},
    {"HardSigmoid",
     [](const Node& n) {
       return with_numbers("nc_hard_sigmoid", {n.number("alpha", 0.2), n.number("beta", 0.5)});
     }},
    {"HardSwish", PLAIN("nc_hard_swish({0})")},
    {"LeakyRelu",
     [](const Node& n) { return with_numbers("nc_leaky_relu", {n.number("alpha", 0.01)}); }},
    {"Log", PLAIN("logf({0})")},
    {"Mish", PLAIN("nc_mish({0})")},
    {"Neg", PLAIN("(-{0})")},
    {"Not", PLAIN("({0} != 0.0f ? 0.0f : 1.0f)")},
    {"Reciprocal", PLAIN("(1.0f / {0})")},
    {"Relu", PLAIN("nc_relu({0})")},
    {"Round", PLAIN("rintf({0})")},
    {"Selu",
     [](const Node& n) {
       return with_numbers("nc_elu", {n.number("alpha", 1.67326319217681884765625),
                                      n.number("gamma", 1.05070102214813232421875)});
     }},
    {"Shrink",
     [](const Node& n) {
       return with_numbers("nc_shrink", {n.number("lambd", 0.5), n.number("bias", 0)});
     }},
    {"Sigmoid", PLAIN("nc_sigmoid({0})")},
    {"Sign", PLAIN("nc_sign({0})")},
    {"Sin", PLAIN("sinf({0})")},
    {"Sinh", PLAIN("sinhf({0})")},
    {"Softplus", PLAIN("nc_softplus({0})")},
    {"Softsign", PLAIN("nc_softsign({0})")},
    {"Sqrt", PLAIN("sqrtf({0})")},
    {"Tan", PLAIN("tanf({0})")},
    {"Tanh", PLAIN("nc_tanh({0})")},
    {"ThresholdedRelu",
     [](const Node& n) { return with_numbers("nc_thresholded", {n.number("alpha", 1)}); }}};

// Operators of two operands, or of any number that are combined from the left.
constexpr Elementwise kBinary[] = {{"Add", PLAIN("({0} + {1})")},
                                   {"And", PLAIN("({0} != 0.0f && {1} != 0.0f ? 1.0f : 0.0f)")},
                                   {"Div", PLAIN("({0} / {1})")},
                                   {"Equal", PLAIN("({0} == {1} ? 1.0f : 0.0f)")},
                                   {"Greater", PLAIN("({0} > {1} ? 1.0f : 0.0f)")},
                                   {"GreaterOrEqual", PLAIN("({0} >= {1} ? 1.0f : 0.0f)")},
                                   {"Less", PLAIN("({0} < {1} ? 1.0f : 0.0f)")},
                                   {"LessOrEqual", PLAIN("({0} <= {1} ? 1.0f : 0.0f)")},
                                   {"Max", PLAIN("nc_max({0}, {1})")},
                                   {"Min", PLAIN("nc_min({0}, {1})")},
                                   {"Mul", PLAIN("({0} * {1})")},
                                   {"Or", PLAIN("({0} != 0.0f || {1} != 0.0f ? 1.0f : 0.0f)")},
                                   {"PRelu", PLAIN("nc_leaky_relu({0}, {1})")},
                                   {"Pow", PLAIN("powf({0}, {1})")},
                                   {"Sub", PLAIN("({0} - {1})")},
                                   {"Sum", PLAIN("({0} + {1})")}};

void lower_unary(ProgramBuilder& builder, const Node& node, const std::string& text) {
  const ProgramOperand x = builder.operand(node, 0);
  builder.define(node, builder.map(x.shape, {x}, {{text, {0}}}));
}

// One operation on all operands from the left: ((a + b) + c) ...
void lower_binary(ProgramBuilder& builder, const Node& node, const std::string& text) {
  std::vector<ProgramOperand> operands;
  for (size_t i = 0; i < node.inputs.size(); ++i) operands.push_back(builder.operand(node, i));
  std::vector<ScalarOperation> operations;
  for (size_t i = 1; i < operands.size(); ++i) {
    const auto before = i == 1 ? int64_t{0} : -static_cast<int64_t>(i - 1);
    operations.push_back({text, {before, static_cast<int64_t>(i)}});
  }
  if (node.op_type == "Mean") {
    const double share = 1.0 / static_cast<double>(operands.size());
    const auto last = -static_cast<int64_t>(operations.size());
    operations.push_back({fmt::format("({{0}} * {})", c_number(share)), {last}});
  }
  builder.define(node, builder.map(builder.shape_of(node.outputs.front()), std::move(operands),
                                   std::move(operations)));
}

// Small whole exponents are products, which are faster and the same for negative numbers.
void lower_pow(ProgramBuilder& builder, const Node& node) {
  if (builder.is_constant(node, 1) && builder.constant(node, 1).numel() == 1) {
    const double exponent = builder.constant(node, 1).item<double>();
    const ProgramOperand x = builder.operand(node, 0);
    if (x.shape == builder.shape_of(node.outputs.front())) {
      if (exponent == 2) return lower_unary(builder, node, "nc_square({0})");
      if (exponent == 3) return lower_unary(builder, node, "nc_cube({0})");
      if (exponent == 0.5) return lower_unary(builder, node, "sqrtf({0})");
    }
  }
  lower_binary(builder, node, "powf({0}, {1})");
}

void lower_clip(ProgramBuilder& builder, const Node& node) {
  std::vector<ScalarOperation> operations;
  const ProgramOperand x = builder.operand(node, 0);
  const auto bound = [&](size_t index, const char* function) {
    if (!builder.has_input(node, index)) return;
    const double value = builder.constant(node, index).item<double>();
    const auto before = operations.empty() ? int64_t{0} : int64_t{-1};
    operations.push_back({fmt::format("{}({{0}}, {})", function, c_number(value)), {before}});
  };
  bound(1, "nc_at_least");
  bound(2, "nc_at_most");
  if (operations.empty()) return builder.define(node, x);
  builder.define(node, builder.map(x.shape, {x}, operations));
}

void lower_where(ProgramBuilder& builder, const Node& node) {
  builder.define(node, builder.map(builder.shape_of(node.outputs.front()),
                                   {builder.operand(node, 0), builder.operand(node, 1),
                                    builder.operand(node, 2)},
                                   {{"({0} != 0.0f ? {1} : {2})", {0, 1, 2}}}));
}

// With its running statistics the node is x * scale + shift for each channel; both are computed in
// double.
void lower_batch_normalization(ProgramBuilder& builder, const Node& node) {
  const ProgramOperand x = builder.operand(node, 0);
  const auto number = [&](size_t index) { return builder.constant(node, index).to(at::kDouble); };
  const at::Tensor scale = number(1) / (number(4) + node.number("epsilon", 1e-5)).sqrt();
  const at::Tensor shift = number(2) - number(3) * scale;
  std::vector<int64_t> shape(x.shape.size(), 1);
  if (shape.size() < 2) refuse(node, "a value without channels");
  shape[1] = scale.numel();
  builder.define(node, builder.map(x.shape,
                                   {x,
                                    {.constant = scale.reshape(shape), .shape = shape},
                                    {.constant = shift.reshape(shape), .shape = shape}},
                                   {{"({0} * {1})", {0, 1}}, {"({0} + {1})", {-1, 2}}}));
}

}  // namespace

std::vector<Lowering> elementwise() {
  std::vector<Lowering> list{{"BatchNormalization", lower_batch_normalization},
                             {"Clip", lower_clip},
                             {"Where", lower_where}};
  for (const auto& [name, text] : kElementwise) {
    list.push_back({name, [text = text](ProgramBuilder& builder, const Node& node) {
                      lower_unary(builder, node, text(node));
                    }});
  }
  for (const auto& [name, text] : kBinary) {
    if (std::string(name) == "Pow") continue;
    list.push_back({name, [text = text](ProgramBuilder& builder, const Node& node) {
                      lower_binary(builder, node, text(node));
                    }});
  }
  list.push_back({"Pow", lower_pow});
  list.push_back({"Mean", [](ProgramBuilder& builder, const Node& node) {
                    lower_binary(builder, node, "({0} + {1})");
                  }});
  return list;
}

}  // namespace ncprune::lowerings_files
