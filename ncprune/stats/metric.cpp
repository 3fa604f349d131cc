#include "ncprune/stats/metric.h"

#include <algorithm>
#include <cmath>

#include "ncprune/base/error.h"

namespace ncprune {

namespace {

template <auto Member>
MetricField field(const std::string& name, const std::string& summary, double max) {
  return {name, summary, max, [](const MetricOptions& metric) { return metric.*Member; },
          [](MetricOptions& metric, double value) { metric.*Member = value; }};
}

}  // namespace

const std::vector<MetricField>& metric_fields() {
  static const std::vector<MetricField> table{
      field<&MetricOptions::kappa>("kappa", "weight of the class means in the metric", 1e6),
      field<&MetricOptions::balance>("balance", "0 averages over samples, 1 over classes", 1),
      field<&MetricOptions::shrinkage>(
          "shrinkage", "class size at which half of the scatter is the pool's", 1e6),
      field<&MetricOptions::damping>("damping", "ridge, as a share of the metric's mean diagonal",
                                     1e6),
      field<&MetricOptions::margin>("margin",
                                    "share of a sample's weight that depends on its indecision", 1),
      field<&MetricOptions::noise>("noise", "standard deviation of the input noise to prepare for",
                                   1e6),
  };
  return table;
}

double own_scatter(int64_t count, double shrinkage) {
  const double freedom = std::max(0.0, static_cast<double>(count) - 1);
  return freedom > 0 ? freedom / (freedom + shrinkage) : 0;
}

std::vector<double> class_weights(const std::vector<int64_t>& counts, double balance) {
  std::vector<double> pi(counts.size());
  double total = 0;
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0) pi[c] = std::pow(static_cast<double>(counts[c]), 1 - balance);
    total += pi[c];
  }
  if (total == 0) throw InputError("the calibration data hold no samples");
  for (double& p : pi) p /= total;
  return pi;
}

at::Tensor damped(const at::Tensor& metric, double damping) {
  at::Tensor result = metric.clone();
  const double mean = result.diagonal().mean().item<double>();
  result.diagonal().add_(mean > 0 ? damping * mean : 1);
  return result;
}

}  // namespace ncprune
