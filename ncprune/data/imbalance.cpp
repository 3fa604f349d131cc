#include "ncprune/data/imbalance.h"

#include <ATen/ops/cat.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ncprune/base/error.h"
#include "ncprune/base/spec.h"

namespace ncprune {
namespace {

// The rank of every class; rank 0 becomes the most frequent.
std::vector<int64_t> class_ranks(const Spec& spec, int64_t num_classes, Random& random) {
  const std::string order = spec.get("order", "label");
  std::vector<int64_t> ranks(static_cast<size_t>(num_classes));
  std::iota(ranks.begin(), ranks.end(), 0);
  if (order == "shuffled") {
    const at::Tensor shuffled = random.stream("class order").permutation(num_classes);
    const auto view = elements<int64_t>(shuffled);
    std::copy(view.begin(), view.end(), ranks.begin());
  } else if (order != "label") {
    throw InputError(
        fmt::format("'{}': order is '{}'; wanted label or shuffled", spec.text, order));
  }
  return ranks;
}

// Samples to keep of each class: exp decreases geometrically over the ranks, step once.
std::vector<int64_t> tail_counts(const Spec& spec, const Dataset& data, Random& random) {
  spec.require_known({"order"});
  const double factor = parse_number(spec.argument, fmt::format("'{}': factor", spec.text));
  if (factor < 1) throw InputError(fmt::format("'{}': the factor must be at least 1", spec.text));
  const std::vector<int64_t> ranks = class_ranks(spec, data.num_classes(), random);
  std::vector<int64_t> counts = class_counts(data);
  const auto largest = static_cast<double>(*std::max_element(counts.begin(), counts.end()));
  const auto num_classes = static_cast<double>(counts.size());
  for (size_t c = 0; c < counts.size(); ++c) {
    const auto rank = static_cast<double>(ranks[c]);
    const double share = spec.name == "exp"
                             ? std::pow(factor, -rank / std::max(1.0, num_classes - 1))
                         : rank < std::floor(num_classes / 2) ? 1
                                                              : 1 / factor;
    // 1e-9 prevents 60 from becoming 59 when pow() rounds down.
    counts[c] = std::min(counts[c], static_cast<int64_t>(largest * share + 1e-9));
  }
  return counts;
}

std::vector<int64_t> thinned_classes(const Spec& spec, int64_t num_classes) {
  return parse_integers(spec.argument.substr(0, spec.argument.find('@')),
                        fmt::format("'{}': classes", spec.text), 0, num_classes - 1);
}

std::vector<int64_t> fraction_counts(const Spec& spec, const Dataset& data) {
  spec.require_known({});
  const size_t at_sign = spec.argument.find('@');
  if (at_sign == std::string::npos) {
    throw InputError(fmt::format("'{}': wanted classes:LIST@FRACTION", spec.text));
  }
  const double fraction =
      parse_number(spec.argument.substr(at_sign + 1), fmt::format("'{}': fraction", spec.text));
  if (fraction <= 0 || fraction > 1) {
    throw InputError(fmt::format("'{}': the fraction must lie in (0, 1]", spec.text));
  }
  std::vector<int64_t> counts = class_counts(data);
  for (const int64_t c : thinned_classes(spec, data.num_classes())) {
    int64_t& count = counts[static_cast<size_t>(c)];
    count = std::llround(static_cast<double>(count) * fraction);
  }
  return counts;
}

std::vector<int64_t> rarest(const std::vector<int64_t>& counts, int64_t how_many) {
  std::vector<int64_t> classes(counts.size());
  std::iota(classes.begin(), classes.end(), 0);
  std::stable_sort(classes.begin(), classes.end(), [&](int64_t a, int64_t b) {
    return counts[static_cast<size_t>(a)] < counts[static_cast<size_t>(b)];
  });
  classes.resize(static_cast<size_t>(how_many));
  std::sort(classes.begin(), classes.end());
  return classes;
}

Dataset keep_counts(const Dataset& data, const std::vector<int64_t>& counts, Random& random) {
  std::vector<at::Tensor> kept;
  for (int64_t c = 0; c < data.num_classes(); ++c) {
    const at::Tensor members = class_indices(data, c);
    if (members.numel() == 0) continue;
    const int64_t count = std::max<int64_t>(1, counts[static_cast<size_t>(c)]);
    const at::Tensor shuffled = members.index_select(0, random.permutation(members.numel()));
    kept.push_back(shuffled.slice(0, 0, count));
  }
  return select(data, std::get<0>(at::cat(kept).sort()));
}

}  // namespace

Imbalanced make_imbalanced(const Dataset& data, const std::string& text, Random random) {
  const Spec spec = parse_spec(text);
  const auto tail =
      std::max<int64_t>(1, std::llround(0.3 * static_cast<double>(data.num_classes())));
  if (spec.name == "none") {
    spec.require_known({});
    const std::vector<int64_t> counts = class_counts(data);
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    return {data, *most >= 2 * *least ? rarest(counts, tail) : std::vector<int64_t>{}};
  }
  if (spec.name == "exp" || spec.name == "step") {
    const std::vector<int64_t> counts = tail_counts(spec, data, random);
    const int64_t rare = spec.name == "exp" ? tail : data.num_classes() - data.num_classes() / 2;
    return {keep_counts(data, counts, random), rarest(counts, rare)};
  }
  if (spec.name == "classes") {
    const std::vector<int64_t> counts = fraction_counts(spec, data);
    std::vector<int64_t> minority = thinned_classes(spec, data.num_classes());
    std::sort(minority.begin(), minority.end());
    return {keep_counts(data, counts, random), minority};
  }
  throw InputError(
      fmt::format("unknown imbalance '{}'; known: none, exp:F, step:F, classes:LIST@P", text));
}

}  // namespace ncprune
