#include "ncprune/evaluate/latency.h"

#include <ATen/ops/randn.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "ncprune/base/device.h"
#include "ncprune/base/error.h"
#include "ncprune/base/progress.h"
#include "ncprune/evaluate/runner.h"

namespace ncprune {
namespace {

constexpr int64_t kWarmUp = 5;  // untimed runs: caches, memory pools, clock rates

void require_range(const std::string& what, int64_t value, int64_t most) {
  if (value >= 1 && value <= most) return;
  throw InputError(fmt::format("{} {} is outside [1, {}]", what, value, most));
}

at::Tensor random_inputs(const Network& network, int64_t batch) {
  std::vector<int64_t> shape = network.input.shape;
  shape.front() = batch;
  if (std::any_of(shape.begin(), shape.end(), [](int64_t size) { return size < 0; })) {
    throw InputError(fmt::format("network '{}' has samples without a fixed shape", network.name));
  }
  return at::randn(shape).to(compute_device());
}

double milliseconds(const Runner& runner, const at::Tensor& inputs) {
  const auto start = std::chrono::steady_clock::now();
  runner(inputs);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

// By nearest rank.
double quantile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<size_t>(std::llround(share * static_cast<double>(sorted.size() - 1)))];
}

}  // namespace

std::vector<Latency> measure_latency(const std::vector<Network>& networks,
                                     const LatencyOptions& options) {
  require_range("batch", options.batch, 1 << 20);
  require_range("runs", options.runs, 1'000'000);
  const std::string runtime = options.runtime.empty() ? default_runtime() : options.runtime;
  std::vector<Runner> runners;
  std::vector<at::Tensor> inputs;
  for (const Network& network : networks) {
    inputs.push_back(random_inputs(network, options.batch));
    runners.push_back(make_runner(network, runtime));
  }
  std::vector<std::vector<double>> times(networks.size());
  Progress progress("latency", kWarmUp + options.runs);
  for (int64_t turn = 0; turn < kWarmUp + options.runs; ++turn) {
    for (size_t i = 0; i < networks.size(); ++i) {
      const double time = milliseconds(runners[i], inputs[i]);
      if (turn >= kWarmUp) times[i].push_back(time);
    }
    progress.advance();
  }
  std::vector<Latency> latencies;
  for (std::vector<double>& own : times) {
    std::sort(own.begin(), own.end());
    latencies.push_back({quantile(own, 0.5), quantile(own, 0.1), quantile(own, 0.9)});
  }
  return latencies;
}

}  // namespace ncprune
