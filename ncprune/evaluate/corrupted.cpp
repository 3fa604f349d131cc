#include "ncprune/evaluate/corrupted.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include "ncprune/base/error.h"
#include "ncprune/base/lookup.h"
#include "ncprune/base/no_value.h"
#include "ncprune/base/progress.h"
#include "ncprune/base/random.h"
#include "ncprune/data/memory.h"
#include "ncprune/evaluate/runner.h"
#include "ncprune/model/layers.h"

namespace ncprune {
namespace {

constexpr std::array<double, 5> kWeightNoiseShares{0.01, 0.02, 0.05, 0.1, 0.2};
void require_severities(const std::vector<int64_t>& severities) {
  for (const int64_t severity : severities) {
    if (severity < 1 || severity > 5) {
      throw InputError(fmt::format("severity {}; wanted 1 to 5", severity));
    }
    if (std::count(severities.begin(), severities.end(), severity) > 1) {
      throw InputError(fmt::format("severity {} is given twice", severity));
    }
  }
  if (severities.empty()) throw InputError("no severity is given");
}

std::vector<std::string> names_of(const CorruptionOptions& options, const Dataset& data) {
  if (!options.corruptions.empty()) return options.corruptions;
  std::vector<std::string> names = corruption_names(data);
  names.emplace_back(kWeightNoise);
  return names;
}

using Error = double (*)(const ClassMetrics&);

double balanced_error(const ClassMetrics& metrics) {
  return 1 - metrics.balanced_accuracy;
}

double overall_error(const ClassMetrics& metrics) {
  return 1 - metrics.overall_accuracy;
}

// The errors of a network and of the first, summed over the severities of each corruption.
struct Errors {
  double own = 0;
  double reference = 0;
  double own_clean = 0;  // on clean data, counted equally often
  double reference_clean = 0;
};

std::map<std::string, Errors> errors_by_corruption(const Corruptions& corruptions, size_t network,
                                                   Error error) {
  std::map<std::string, Errors> sums;
  for (const CorruptedResult& result : corruptions.corrupted) {
    Errors& sum = sums[result.corruption];
    sum.own += error(result.networks[network]);
    sum.reference += error(result.networks.front());
    sum.own_clean += error(corruptions.clean[network]);
    sum.reference_clean += error(corruptions.clean.front());
  }
  return sums;
}

double ratio(double value, double reference) {
  return reference > 0 ? value / reference : kNoValue;
}

double mean_corruption_error(const std::map<std::string, Errors>& sums) {
  double mean = 0;
  for (const auto& [name, sum] : sums) mean += ratio(sum.own, sum.reference);
  return mean / static_cast<double>(sums.size());
}

double relative_error(const std::map<std::string, Errors>& sums) {
  double own = 0;
  double reference = 0;
  for (const auto& [name, sum] : sums) {
    own += sum.own - sum.own_clean;
    reference += sum.reference - sum.reference_clean;
  }
  return ratio(own, reference);
}

}  // namespace

Network with_weight_noise(const Network& network, int64_t severity, uint64_t seed) {
  require_severities({severity});
  Random random = Random(seed).stream(kWeightNoise);
  Network noisy = clone(network);
  for (const Layer& layer : linear_layers(noisy)) {
    const at::Tensor weight = weight_of(noisy, layer);
    const at::Tensor kept = weight.ne(0);
    const double size = weight.masked_select(kept).square().mean().sqrt().item<double>();
    if (!(size > 0)) continue;  // no nonzero weights
    const double deviation = size * kWeightNoiseShares.at(static_cast<size_t>(severity - 1));
    const at::Tensor noise = at::empty_like(weight).normal_(0, deviation, random.generator());
    set_weight(noisy, layer, weight + noise * kept);
  }
  return noisy;
}

void require_valid(const CorruptionOptions& options, const Dataset& data) {
  require_severities(options.severities);
  const Dataset one = select(data, at::arange(std::min<int64_t>(data.size(), 1)));
  for (const std::string& name : names_of(options, data)) {
    if (name != kWeightNoise) corrupted(one, name, {options.scale, 1, options.seed});
  }
  find_named(runtimes(), options.runtime, "runtime");
}

Corruptions measure_corruptions(const std::vector<Network>& networks, const Dataset& data,
                                const CorruptionOptions& options) {
  require_valid(options, data);
  const std::vector<std::string> names = names_of(options, data);
  const auto work = std::ssize(names) * std::ssize(options.severities) * std::ssize(networks);
  Progress progress("corruptions", work + std::ssize(networks));
  Corruptions corruptions;
  for (const Network& network : networks) {
    corruptions.clean.push_back(evaluate(network, data, options.runtime));
    progress.advance();
  }
  for (const std::string& name : names) {
    for (const int64_t severity : options.severities) {
      progress.set_label(fmt::format("{} {}", name, severity));
      const bool of_weights = name == kWeightNoise;
      Dataset inputs =
          of_weights ? data : corrupted(data, name, {options.scale, severity, options.seed});
      // Corrupted once for all networks where that fits.
      if (networks.size() > 1 && !of_weights && fits_in_memory(inputs)) {
        inputs = in_memory(std::move(inputs));
      }
      CorruptedResult result{name, severity, {}};
      for (const Network& network : networks) {
        result.networks.push_back(
            evaluate(of_weights ? with_weight_noise(network, severity, options.seed) : network,
                     inputs, options.runtime));
        progress.advance();
      }
      corruptions.corrupted.push_back(std::move(result));
    }
  }
  return corruptions;
}

std::vector<CorruptionSummary> summarize(const Corruptions& corruptions) {
  std::vector<CorruptionSummary> summaries;
  const auto count = static_cast<double>(corruptions.corrupted.size());
  for (size_t i = 0; i < corruptions.clean.size(); ++i) {
    CorruptionSummary summary{};
    summary.recall.resize(corruptions.clean[i].recall.size());
    for (const CorruptedResult& result : corruptions.corrupted) {
      const ClassMetrics& metrics = result.networks[i];
      for (size_t c = 0; c < summary.recall.size(); ++c) {
        summary.recall[c] += metrics.recall[c] / count;
      }
      summary.balanced_accuracy += metrics.balanced_accuracy / count;
      summary.overall_accuracy += metrics.overall_accuracy / count;
    }
    const auto balanced = errors_by_corruption(corruptions, i, balanced_error);
    const auto overall = errors_by_corruption(corruptions, i, overall_error);
    summary.mean_corruption_error = mean_corruption_error(balanced);
    summary.relative_error = relative_error(balanced);
    summary.overall_mean_corruption_error = mean_corruption_error(overall);
    summary.overall_relative_error = relative_error(overall);
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

}  // namespace ncprune
