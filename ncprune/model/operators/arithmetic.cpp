// Elementwise arithmetic with broadcasting.
#include <ATen/ExpandUtils.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/acos.h>
#include <ATen/ops/acosh.h>
#include <ATen/ops/asin.h>
#include <ATen/ops/asinh.h>
#include <ATen/ops/atan.h>
#include <ATen/ops/atanh.h>
#include <ATen/ops/ceil.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/cosh.h>
#include <ATen/ops/div.h>
#include <ATen/ops/erf.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/floor.h>
#include <ATen/ops/fmod.h>
#include <ATen/ops/log.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/reciprocal.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/round.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/sinh.h>
#include <ATen/ops/sqrt.h>
#include <ATen/ops/tan.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

using Unary = at::Tensor (*)(const at::Tensor& x);
using Binary = at::Tensor (*)(const Node& node, const at::Tensor& a, const at::Tensor& b);

constexpr std::pair<const char*, Unary> kUnary[] = {
    {"Abs", at::abs},     {"Acos", at::acos},
    {"Acosh", at::acosh}, {"Asin", at::asin},
    {"Asinh", at::asinh}, {"Atan", at::atan},
    {"Atanh", at::atanh}, {"Ceil", at::ceil},
    {"Cos", at::cos},     {"Cosh", at::cosh},
    {"Erf", at::erf},     {"Exp", at::exp},
    {"Floor", at::floor}, {"Log", at::log},
    {"Neg", at::neg},     {"Sign", at::sign},
    {"Sin", at::sin},     {"Reciprocal", at::reciprocal},
    {"Sinh", at::sinh},   {"Sqrt", at::sqrt},
    {"Tan", at::tan},     {"Round", [](const at::Tensor& x) { return at::round(x); }}};

at::Tensor add(const Node&, const at::Tensor& a, const at::Tensor& b) {
  return a + b;
}

at::Tensor subtract(const Node&, const at::Tensor& a, const at::Tensor& b) {
  return a - b;
}

at::Tensor multiply(const Node&, const at::Tensor& a, const at::Tensor& b) {
  return a * b;
}

// Where signed integers are divided by -1: the smallest integer divided by -1 traps.
at::Tensor is_minus_one(const at::Tensor& b) {
  return b.scalar_type() == at::kByte ? at::zeros_like(b, at::kBool) : b == -1;
}

at::Tensor divide(const Node&, const at::Tensor& a, const at::Tensor& b) {
  if (a.is_floating_point() || b.is_floating_point()) return a / b;
  const at::Tensor minus = is_minus_one(b);
  return at::where(minus, -a, at::div(a, b.masked_fill(minus, 1), "trunc")).to(a.scalar_type());
}

at::Tensor modulo(const Node& node, const at::Tensor& a, const at::Tensor& b) {
  // The remainder by 1 is 0, as by -1.
  const at::Tensor divisor = b.is_floating_point() ? b : b.masked_fill(is_minus_one(b), 1);
  return node.integer("fmod", 0) != 0 ? at::fmod(a, divisor) : at::remainder(a, divisor);
}

at::Tensor power(const Node&, const at::Tensor& a, const at::Tensor& b) {
  return at::pow(a, b).to(a.scalar_type());
}

at::Tensor maximum(const Node&, const at::Tensor& a, const at::Tensor& b) {
  return at::maximum(a, b);
}

at::Tensor minimum(const Node&, const at::Tensor& a, const at::Tensor& b) {
  return at::minimum(a, b);
}

constexpr std::pair<const char*, Binary> kBinary[] = {{"Add", add},    {"Div", divide},
                                                      {"Mod", modulo}, {"Mul", multiply},
                                                      {"Pow", power},  {"Sub", subtract}};
// Operators with any number of inputs.
constexpr std::pair<const char*, Binary> kVariadic[] = {
    {"Max", maximum}, {"Mean", add}, {"Min", minimum}, {"Sum", add}};

at::Tensor checked(const Node& node, Binary compute, const at::Tensor& a, const at::Tensor& b) {
  require_grown(node, at::infer_size(a.sizes(), b.sizes()), a.numel() + b.numel());
  return compute(node, a, b);
}

Run unary(Unary compute) {
  return [compute](const Node&, const Tensors& inputs, const RunMode&) -> Tensors {
    return {compute(inputs.at(0))};
  };
}

Run binary(Binary compute) {
  return [compute](const Node& node, const Tensors& inputs, const RunMode&) -> Tensors {
    return {checked(node, compute, inputs.at(0), inputs.at(1))};
  };
}

Run variadic(Binary compute, bool mean) {
  return [=](const Node& node, const Tensors& inputs, const RunMode&) -> Tensors {
    at::Tensor result = inputs.at(0);
    for (size_t i = 1; i < inputs.size(); ++i) result = checked(node, compute, result, inputs[i]);
    return {mean ? result / static_cast<double>(inputs.size()) : result};
  };
}

}  // namespace

std::vector<Operator> arithmetic() {
  std::vector<Operator> list;
  for (const auto& [name, compute] : kUnary) list.push_back({name, "", unary(compute)});
  for (const auto& [name, compute] : kBinary) {
    list.push_back({name, "with broadcasting", binary(compute)});
  }
  for (const auto& [name, compute] : kVariadic) {
    list.push_back({name, "any number of inputs, with broadcasting",
                    variadic(compute, name == std::string("Mean"))});
  }
  return list;
}

}  // namespace ncprune::operators_files
