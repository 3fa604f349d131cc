#include "ncprune/prune/pattern.h"

#include <fmt/format.h>

#include <limits>

#include "ncprune/base/error.h"
#include "ncprune/base/spec.h"

namespace ncprune {

const std::vector<Pattern>& patterns() {
  static const std::vector<Pattern> table = [] {
    std::vector<Pattern> examples;
    for (const PatternKind& kind : pattern_kinds()) examples.push_back(*kind.find(kind.example));
    return examples;
  }();
  return table;
}

Pattern find_pattern(const std::string& name) {
  std::string known;
  for (const PatternKind& kind : pattern_kinds()) {
    if (std::optional<Pattern> found = kind.find(name)) return *std::move(found);
    known += (known.empty() ? "" : ", ") + kind.usage;
  }
  throw InputError(fmt::format("unknown pattern '{}'; known: {}", name, known));
}

Pattern zeros_last(Pattern pattern, const at::Tensor& weight) {
  const at::Tensor zero = weight.eq(0);
  if (!zero.any().item<bool>()) return pattern;
  // Below every score, and too small to move the mean of a block.
  constexpr double kBelow = -std::numeric_limits<float>::min();
  const auto inner = pattern.mask;
  pattern.alone = false;
  pattern.mask = [inner, zero](const at::Tensor& scores, int64_t keep) {
    return inner(scores.masked_fill(zero.to(scores.device()), kBelow), keep);
  };
  return pattern;
}

std::optional<Pattern> if_named(const Pattern& pattern, const std::string& name) {
  return pattern.name == name ? std::optional(pattern) : std::nullopt;
}

std::pair<int64_t, int64_t> two_numbers(const std::string& text, char separator,
                                        const std::string& name) {
  constexpr int64_t kLargest = 1 << 16;
  const std::vector<std::string> parts = split(text, separator);
  const std::string where = fmt::format("pattern '{}'", name);
  if (parts.size() != 2 || text.find(',') != std::string::npos) {  // no lists of numbers
    throw InputError(fmt::format("{}: wanted two numbers separated by '{}'", where, separator));
  }
  return {parse_integers(parts[0], where, 1, kLargest).front(),
          parse_integers(parts[1], where, 1, kLargest).front()};
}

}  // namespace ncprune
