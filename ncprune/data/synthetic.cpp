#include "ncprune/data/synthetic.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>

#include "ncprune/base/error.h"
#include "ncprune/data/samples.h"

namespace ncprune {

GaussianClasses gaussian_classes(const GaussianOptions& options, Random random) {
  const at::Tensor index = at::arange(options.features, at::kDouble);
  const at::Tensor distance = (index.unsqueeze(1) - index.unsqueeze(0)).abs();
  const at::Tensor standard =
      at::randn({options.classes, options.features}, random.generator(), at::kDouble);
  return {.means = options.spread * standard,
          .covariance = options.noise * options.noise * at::pow(0.5, distance)};
}

Dataset sample(const GaussianClasses& law, const std::vector<int64_t>& counts, Random random) {
  TORCH_INTERNAL_ASSERT(static_cast<int64_t>(counts.size()) == law.means.size(0));
  const at::Tensor factor = at::linalg_cholesky(law.covariance);
  const int64_t d = law.means.size(1);
  std::vector<at::Tensor> inputs;
  std::vector<at::Tensor> labels;
  for (size_t c = 0; c < counts.size(); ++c) {
    const auto label = static_cast<int64_t>(c);
    const at::Tensor standard = at::randn({counts[c], d}, random.generator(), at::kDouble);
    inputs.push_back((law.means[label] + standard.matmul(factor.t())).to(at::kFloat));
    labels.push_back(at::full({counts[c]}, label, at::kLong));
  }
  return {.inputs = at::cat(inputs),
          .labels = at::cat(labels),
          .class_names = numbered_classes(law.means.size(0)),
          .range = {}};
}

TrainTest synthetic_data(const Spec& spec, uint64_t seed) {
  spec.require_known({"spread", "noise"});
  constexpr int64_t kMaxValues = 1 << 28;
  const std::vector<int64_t> sizes = parse_integers(
      spec.argument, fmt::format("'{}': CLASSES,FEATURES,SAMPLES_PER_CLASS", spec.text), 1,
      kMaxValues);
  if (sizes.size() != 3) {
    throw InputError(
        fmt::format("'{}': wanted synthetic:CLASSES,FEATURES,SAMPLES_PER_CLASS", spec.text));
  }
  if (sizes[0] > kMaxClasses || sizes[1] > kMaxClasses ||
      sizes[0] * sizes[1] > kMaxValues / sizes[2] || sizes[1] * sizes[1] > kMaxValues) {
    throw InputError(fmt::format("'{}': more than {} values", spec.text, kMaxValues));
  }
  const GaussianOptions options{.classes = sizes[0],
                                .features = sizes[1],
                                .spread = spec.get_number("spread", 1),
                                .noise = spec.get_number("noise", 1)};
  if (options.spread < 0 || options.noise <= 0) {
    throw InputError(fmt::format("'{}': spread must be at least 0 and noise above 0", spec.text));
  }
  const GaussianClasses law = gaussian_classes(options, Random(0).stream("synthetic law"));
  const std::vector<int64_t> counts(static_cast<size_t>(sizes[0]), sizes[2]);
  const Random random(seed);
  TrainTest data{sample(law, counts, random.stream("synthetic training samples")),
                 sample(law, counts, random.stream("synthetic test samples"))};
  validate(data.train, spec.text);
  validate(data.test, spec.text);
  return data;
}

}  // namespace ncprune
