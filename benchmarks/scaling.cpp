// How the surgeon's time grows with width, layers and samples, and what memory it takes. Untrained
// networks without biases, noise for samples, 98 % sparse, one thread; processor time.
//
// scaling                        widths to 256, memory on a small network
// scaling time WIDTH [ROUNDS]    widths 256, 512, ... WIDTH; medians over rounds
// scaling depth [ROUNDS]         ResNets of 20 to 56 layers, single weights and channels
// scaling memory                 on mlp:4096,4096,1024: minutes
//
// Multiply-adds of a layer [m, d], N samples:
//
//   moments       N d^2 / 2 + N m d      once on the dense network, once behind pruned layers
//   spectrum      about 9 d^3, double    the eigendecomposition of the metric
//   search        m d^2 an iteration     120 to 300 iterations, each one dense product
//   refit         sum over rows s^3 / 6  of s kept weights; m d^3 / 5e5 at 98 %
//
// So d^3 in the width of square layers, and linear in layers and samples. Behind pruned layers the
// moments need the activations of both networks; passes go on where the last one stopped, so that L
// layers cost about one forward pass of each and not L / 2. Bytes, most of them while
// the metric is decomposed: 56 d^2 + 24 m d of the layer in hand (its metric plain, damped, scaled,
// decomposed, and twice the room to work in; cross moments and weights), and 8 d^2 + 16 m d of
// every layer for the statistics and scores of the dense network.
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "benchmarks/measure.h"
#include "ncprune/base/runtime.h"
#include "ncprune/model/architectures.h"
#include "ncprune/prune/prune.h"
#include "ncprune/stats/layerwise.h"

namespace {

using ncprune::benchmark::median;
using ncprune::benchmark::processor_seconds;
using ncprune::benchmark::verdict;

constexpr double kWidthTarget = 3.2;  // exponents, with room for noise
constexpr double kLinearTarget = 1.1;
constexpr int64_t kMemoryTarget = 3 << 10;  // MB

struct Problem {
  ncprune::Dataset data;
  ncprune::Network dense;
  ncprune::Recipe recipe = {.method = ncprune::find_method("surgeon"), .share = 0.98};
};

Problem problem_of(const std::string& architecture, at::IntArrayRef shape) {
  Problem result{ncprune::benchmark::noise(shape), {}};
  result.dense = ncprune::build_network(architecture, result.data.sample_shape(),
                                        result.data.num_classes(), ncprune::Random(1));
  return result;
}

Problem problem(const std::string& hidden, int64_t features, int64_t samples) {
  return problem_of("mlp:" + hidden + "?bias=false", {samples, features});
}

void measure(const Problem& p) {
  ncprune::Calibration(p.dense, p.data).measure({p.recipe});
}

void operate(const Problem& p) {
  ncprune::prune(p.dense, p.data, p.recipe);
}

void remove_channels(const Problem& p) {
  ncprune::Recipe recipe = p.recipe;
  recipe.remove = "macs";
  recipe.share = 0.5;
  ncprune::prune(p.dense, p.data, recipe);
}

struct Point {
  int64_t size;
  double seconds;
};

// Slope of log seconds over log size, by least squares.
double exponent(const std::vector<Point>& points) {
  const auto n = static_cast<double>(points.size());
  double x = 0, y = 0, xx = 0, xy = 0;
  for (const auto& [size, seconds] : points) {
    const double a = std::log(static_cast<double>(size));
    const double b = std::log(seconds);
    x += a, y += b, xx += a * a, xy += a * b;
  }
  return (n * xy - x * y) / (n * xx - x * x);
}

double median_seconds(int64_t rounds, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int64_t i = 0; i < rounds; ++i) seconds.push_back(processor_seconds(work));
  return median(seconds);
}

void print_growth(const std::string& what, const std::vector<Point>& points, double target) {
  fmt::print("\n| {} | seconds |\n|---|---|\n", what);
  for (const auto& [size, seconds] : points) fmt::print("| {} | {:.3f} |\n", size, seconds);
  fmt::print("exponent {:.2f}, at most {}: {}\n", exponent(points), target,
             verdict(exponent(points) <= target));
}

void time_growth(int64_t smallest, int64_t largest, int64_t rounds) {
  constexpr int64_t kFew = 500;
  std::vector<Point> widths, layers, samples;
  operate(problem("64", 64, kFew));  // warms up
  for (int64_t d = smallest; d <= largest; d *= 2) {
    const Problem p = problem(std::to_string(d), d, kFew);
    widths.push_back({d, median_seconds(d > 1024 ? 1 : rounds, [&] { operate(p); })});
    fmt::print(stderr, "width {}: {:.2f} s\n", d, widths.back().seconds);
  }
  print_growth("width of one square layer", widths, kWidthTarget);
  std::string hidden;
  for (int64_t n = 1; n <= 4; ++n) {
    hidden += (n > 1 ? "," : "") + std::to_string(smallest);
    const Problem p = problem(hidden, smallest, kFew);
    layers.push_back({n, median_seconds(rounds, [&] { operate(p); })});
  }
  print_growth(fmt::format("layers of width {}", smallest), layers, kLinearTarget);
  // The solves do not see the samples: without them, what the surgeon measures at first and again
  // behind every layer. More than the few of every class that its row weights look at.
  hidden = fmt::format("{},{}", smallest, smallest);
  for (int64_t n = 64 * smallest; n <= 512 * smallest; n *= 2) {
    const Problem p = problem(hidden, smallest, n);
    const std::vector<ncprune::Layer> all = ncprune::prunable_layers(p.dense);
    samples.push_back(
        {n, median_seconds(rounds, [&] {
           measure(p);
           ncprune::LayerwiseMoments(p.dense, p.data).moments(p.dense, all.back(), p.recipe.metric);
         })});
  }
  print_growth(fmt::format("samples measured on two layers of width {}", smallest), samples,
               kLinearTarget);
}

void depth_growth(const std::vector<int64_t>& depths, int64_t rounds) {
  constexpr int64_t kSamples = 256;
  std::vector<Point> weights, channels;
  for (const int64_t depth : depths) {
    const Problem p = problem_of(fmt::format("resnet:{}", depth), {kSamples, 3, 32, 32});
    // All but the stem, the head and two projections, which are there at every depth.
    const int64_t size = depth - 2;
    weights.push_back({size, median_seconds(rounds, [&] { operate(p); })});
    channels.push_back({size, median_seconds(rounds, [&] { remove_channels(p); })});
    fmt::print(stderr, "resnet:{}: {:.2f} s, channels {:.2f} s\n", depth, weights.back().seconds,
               channels.back().seconds);
  }
  const std::string what =
      fmt::format("convolutions in the blocks of a ResNet, {} samples", kSamples);
  print_growth(what, weights, kLinearTarget);
  print_growth(what + ", half the multiply-adds by channels", channels, kLinearTarget);
}

void memory(const std::string& hidden, int64_t samples) {
  const Problem p = problem(hidden, 28 * 28, samples);
  const int64_t before = ncprune::benchmark::resident_megabytes();
  const double seconds = processor_seconds([&] { operate(p); });
  const int64_t beyond = ncprune::benchmark::peak_megabytes() - before;
  fmt::print(
      "\nmlp:{} on {} samples: {} MB beyond {} MB of program, weights and data, at most {}: "
      "{}; {:.0f} s\n",
      hidden, samples, beyond, before, kMemoryTarget, verdict(beyond <= kMemoryTarget), seconds);
}

}  // namespace

int main(int argc, char** argv) {
  const ncprune::benchmark::Arguments arguments{argc, argv};
  const std::string command = argc > 1 ? argv[1] : "";
  ncprune::configure_runtime(1);
  if (command == "time") {
    time_growth(256, arguments.integer(2, 1024), arguments.integer(3, 3));
  } else if (command == "depth") {
    depth_growth({20, 32, 44, 56}, arguments.integer(2, 3));
  } else if (command == "memory") {
    memory("4096,4096,1024", 4096);
  } else {
    time_growth(64, 256, 1);
    memory("256,256,64", 1024);
  }
}
