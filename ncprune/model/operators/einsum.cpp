// Einsum.
#include <ATen/ops/einsum.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "ncprune/model/operators.h"

namespace ncprune::operators_files {
namespace {

// The sizes of the axes by letter, with '.' for the axes of "...".
using Sizes = std::map<char, int64_t>;

void add_sizes(const Node& node, const std::string& term, at::IntArrayRef shape, Sizes& sizes) {
  const size_t dots = term.find("...");
  const size_t letters = dots == std::string::npos ? term.size() : term.size() - 3;
  if (letters > shape.size()) {
    refuse(node, fmt::format("'{}' for a value of {} dimensions", term, shape.size()));
  }
  const size_t skipped = shape.size() - letters;
  int64_t spanned = 1;
  for (size_t i = 0; i < skipped && dots != std::string::npos; ++i) spanned *= shape[dots + i];
  for (size_t i = 0; i < term.size(); ++i) {
    if (term[i] == '.') continue;
    const bool behind = dots != std::string::npos && i > dots;
    int64_t& size = sizes[term[i]];
    size = std::max(size, shape[behind ? i - 3 + skipped : i]);
  }
  sizes['.'] = std::max(sizes['.'], spanned);
}

// LibTorch multiplies two operands at a time. With two operands no intermediate is larger than the
// result; with more it may span all letters.
Tensors run_einsum(const Node& node, const Tensors& inputs, const RunMode&) {
  std::string equation = node.text("equation", "");
  std::erase(equation, ' ');
  const size_t arrow = equation.find("->");
  const std::string operands = equation.substr(0, arrow) + ",";
  Sizes sizes{{'.', 1}};
  size_t begin = 0;
  for (const at::Tensor& input : inputs) {
    const size_t end = operands.find(',', begin);
    if (end == std::string::npos) refuse(node, "more inputs than operands in its equation");
    add_sizes(node, operands.substr(begin, end - begin), input.sizes(), sizes);
    begin = end + 1;
  }
  const bool pair = inputs.size() <= 2 && arrow != std::string::npos;
  std::vector<int64_t> held;
  for (const auto& [letter, size] : sizes) {
    if (letter == '.' || !pair || equation.find(letter, arrow) != std::string::npos) {
      held.push_back(size);
    }
  }
  require_affordable(node, held);
  return {at::einsum(equation, inputs)};
}

}  // namespace

std::vector<Operator> einsum() {
  return {{"Einsum", "", run_einsum}};
}

}  // namespace ncprune::operators_files
