// The cost of statistics, in forward passes of mlp:1000,200 with batches as the statistics take
// them, and the rate of second moments against sgemm's. One thread; processor time, medians over
// rounds.
//
// statistics [ROUNDS [SAMPLES]]      without arguments one round over few samples
//
// Multiply-adds per sample and layer [m, d], K classes:
//
//   forward pass         m d
//   input squares        d
//   unit variance        2 m               class sums and squares
//   second moment        d^2 / 2           symmetric
//   metric               d^2 / 2 + 2 d     and class sums
//   scatter covariance   m d + m + d       and class sums of both sides
//   unit geometry        m^2 / 2 + 2 m
//   backward pass        m d               not of the first layer: nobody wants dL/dx
//   gradient             m d               behind a backward pass, as all that follow
//   Fisher               m d + m + d       of squares
//   class Fisher         the same; the sum over classes is the Fisher
//   class Taylor         2 m
//
// Whatever is linear in m or d reads each value once more, 4 (m + d) bytes against m d
// multiply-adds: below 5 % of the forward pass from widths of some hundreds on.
#include "ncprune/stats/statistics.h"

#include <ATen/ops/matmul.h>
#include <fmt/format.h>

#include <map>
#include <string>

#include "benchmarks/measure.h"
#include "ncprune/base/runtime.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/stats/pass.h"

namespace {

using ncprune::Statistic;
using ncprune::benchmark::median;
using ncprune::benchmark::processor_seconds;
using ncprune::benchmark::verdict;

constexpr double kDiagonalTarget = 1.2;      // forward passes in all
constexpr double kGradientTarget = 1 + 2.5;  // the same: 2.5 beside the forward pass
constexpr double kSecondMomentTarget = 0.6;  // of sgemm's rate

struct Entry {
  std::string name;
  std::set<Statistic> needs;
  double target = 0;  // forward passes in all; 0: none
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> table{
      {"input squares", {Statistic::kInputSquareMean}, kDiagonalTarget},
      {"second moment", {Statistic::kSecondMoment}},
      {"metric", {Statistic::kMetric}},
      {"unit variance, class means", {Statistic::kUnitVariance}, kDiagonalTarget},
      {"scatter covariance", {Statistic::kScatterCovariance}},
      {"unit geometry", {Statistic::kUnitGeometry}},
      {"gradient", {Statistic::kGradient}, kGradientTarget},
      {"Fisher", {Statistic::kFisher}, kGradientTarget},
      {"class Taylor", {Statistic::kClassTaylor}, kGradientTarget},
      {"class Fisher", {Statistic::kClassFisher}, kGradientTarget},
      {"these four in one",
       {Statistic::kGradient, Statistic::kFisher, Statistic::kClassTaylor, Statistic::kClassFisher},
       kGradientTarget}};
  return table;
}

// Runs the network up to `wanted`, batch by batch.
void pass(const ncprune::Network& network, const ncprune::Dataset& data,
          const std::string& wanted) {
  ncprune::for_each_batch(
      network, data, std::vector<double>(static_cast<size_t>(data.num_classes()), 1),
      [&](const ncprune::WeightedBatch& batch) { ncprune::run(network, batch.inputs, {wanted}); });
}

// GFLOP/s of X^T X as a general product, X [2048, 1000].
double general_rate() {
  constexpr int64_t kSamples = 2048, kWidth = 1000, kRepeats = 4;
  ncprune::Random random(1);
  const at::Tensor x = at::empty({kSamples, kWidth}).uniform_(0, 1, random.generator());
  const double seconds = processor_seconds([&] {
    for (int64_t i = 0; i < kRepeats; ++i) at::matmul(x.t(), x);
  });
  return 2e-9 * kSamples * kWidth * kWidth * kRepeats / seconds;
}

}  // namespace

int main(int argc, char** argv) {
  const ncprune::benchmark::Arguments arguments{argc, argv};
  const int64_t rounds = arguments.integer(1, 1);
  const int64_t samples = arguments.integer(2, 2500);
  ncprune::configure_runtime(1);
  const ncprune::Dataset data = ncprune::benchmark::noise({samples, 1, 28, 28});
  const ncprune::Network network = ncprune::build_network("mlp:1000,200", data.sample_shape(),
                                                          data.num_classes(), ncprune::Random(1));
  const std::vector<ncprune::Layer> layers = ncprune::prunable_layers(network);
  double products = 0;  // multiply-adds of symmetric second moments, in 10^9
  for (const ncprune::Layer& layer : layers) {
    const auto d = static_cast<double>(ncprune::weight_of(network, layer).size(1));
    products += 0.5e-9 * d * d * static_cast<double>(samples);
  }

  const std::string scores = ncprune::logits_value(network);
  std::map<std::string, std::vector<double>> passes;
  std::vector<double> forward, general, symmetric;
  for (int64_t round = 0; round <= rounds; ++round) {
    const double whole = processor_seconds([&] { pass(network, data, scores); });
    // Second moments want the last layer's input and nothing behind it.
    const double part = processor_seconds([&] { pass(network, data, layers.back().input); });
    const double rate = general_rate();
    if (round > 0) forward.push_back(whole), general.push_back(rate);  // the first warms up
    for (const Entry& entry : entries()) {
      const double seconds = processor_seconds([&] {
        ncprune::measure_statistics(network, layers, data, {entry.needs, {}});
      });
      if (round == 0) continue;
      passes[entry.name].push_back(seconds / whole);
      if (entry.needs == std::set{Statistic::kSecondMoment}) {
        symmetric.push_back(2 * products / (seconds - part));
      }
    }
  }

  fmt::print("mlp:1000,200, {} samples, {} rounds; forward pass {:.3f} s, {:.0f} GFLOP/s\n\n",
             samples, rounds, median(forward),
             2e-9 * 986e3 * static_cast<double>(samples) / median(forward));
  fmt::print("| statistic | forward passes | at most | |\n|---|---|---|---|\n");
  for (const Entry& entry : entries()) {
    const double cost = median(passes[entry.name]);
    if (entry.target > 0) {
      fmt::print("| {} | {:.2f} | {} | {} |\n", entry.name, cost, entry.target,
                 verdict(cost <= entry.target));
    } else {
      fmt::print("| {} | {:.2f} | | |\n", entry.name, cost);
    }
  }
  const double share = median(symmetric) / median(general);
  fmt::print(
      "\nsecond moments {:.0f} GFLOP/s, sgemm {:.0f} GFLOP/s: {:.0f} %, at least {:.0f} %: {}\n",
      median(symmetric), median(general), 100 * share, 100 * kSecondMomentTarget,
      verdict(share >= kSecondMomentTarget));
}
