// How well processes share the work: statistics and fine-tuning in one process and in two, over
// loopback, alternating, one core and one thread each; medians of wall seconds. Efficiency is the
// time of one over twice the time of two, on two cores that nothing else uses.
//
// ranks                          a few samples
// ranks ROUNDS SAMPLES           SAMPLES pictures of 3 x 32 x 32, sixteen times as many rows of 784
//
// What N processes add up:
//
//   statistics   d^2 / 2 + K d doubles of a layer's inputs, m d + K m more behind pruned layers
//   training     in every step a float for every weight that is not zero and every bias, and
//                2 C + 1 doubles each way for every BatchNormalization of C channels
//
// Each process sends and receives 2 (N - 1) / N times the bytes; of up to 128 KiB N - 1 times.
#include <ATen/ops/empty_like.h>
#include <ATen/ops/ones.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/measure.h"
#include "ncprune/base/runtime.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/architectures.h"
#include "ncprune/stats/statistics.h"
#include "ncprune/train/train.h"

namespace ncprune::benchmark {
namespace {

constexpr double kEfficiencyTarget = 0.8;

// As mpirun does with every process: unbound, two spend many milliseconds on the same core.
void bind_to_core(int64_t core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(core), &set);
  sched_setaffinity(0, sizeof(set), &set);
}

// Wall seconds of `work` in each of `size` processes from the moment that all are there to that
// at which all are done; NaN when one fails.
double seconds_of(int64_t size, const std::function<std::function<void()>()>& prepare) {
  static int next = 0;
  const auto port = static_cast<uint16_t>(29600 + (getpid() * 7 + next++) % 3000);
  std::array<int, 2> pipe_ends{};
  if (pipe(pipe_ends.data()) != 0) return std::nan("");
  for (int64_t rank = 0; rank < size; ++rank) {
    if (fork() != 0) continue;
    bind_to_core(rank);
    configure_runtime(1);
    if (size > 1) join_world({.rank = rank, .size = size, .port = port});
    const std::function<void()> work = prepare();
    sum_over_world(at::ones({1}));
    const auto start = std::chrono::steady_clock::now();
    work();
    sum_over_world(at::ones({1}));
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const bool said = rank > 0 || write(pipe_ends[1], &seconds, sizeof(seconds)) > 0;
    leave_world();
    std::_Exit(said ? 0 : 1);
  }
  double seconds = 0;
  bool good = true;
  for (int64_t rank = 0; rank < size; ++rank) {
    int status = 0;
    wait(&status);
    good = good && status == 0;
  }
  close(pipe_ends[1]);
  good = good && read(pipe_ends[0], &seconds, sizeof(seconds)) == sizeof(seconds);
  close(pipe_ends[0]);
  return good ? seconds : std::nan("");
}

struct Case {
  std::string name;
  std::function<std::function<void()>()> prepare;
};

std::function<void()> statistics(const std::string& spec, const Dataset& data) {
  const Network network = build_network(spec, data.sample_shape(), 10, Random(1));
  return [=] {
    measure_statistics(network, prunable_layers(network), data, {{Statistic::kMetric}, {}});
  };
}

// A network that has lost 90 % of its weights.
std::function<void()> finetuning(const std::string& spec, const Dataset& data, int64_t batch) {
  constexpr double kKept = 0.1;
  Network network = build_network(spec, data.sample_shape(), 10, Random(1));
  Random random(2);
  for (const Layer& layer : prunable_layers(network)) {
    const at::Tensor weight = weight_of(network, layer);
    const at::Tensor mask = at::empty_like(weight).bernoulli_(kKept, random.generator());
    set_weight(network, layer, weight * mask);
  }
  return [=] { train(network, data, {}, {.epochs = 1, .batch = batch, .keep_zeros = true}); };
}

int run(int64_t rounds, int64_t samples) {
  const auto pictures = [=] { return noise({samples, 3, 32, 32}); };
  const auto rows = [=] { return noise({16 * samples, 784}); };
  const std::vector<Case> cases{
      {"statistics, resnet:20", [=] { return statistics("resnet:20", pictures()); }},
      {"statistics, mlp:1000,200", [=] { return statistics("mlp:1000,200", rows()); }},
      {"fine-tuning, resnet:20, batch 128",
       [=] { return finetuning("resnet:20", pictures(), 128); }},
      {"fine-tuning, resnet:20, batch 256",
       [=] { return finetuning("resnet:20", pictures(), 256); }},
      {"fine-tuning, mlp:1000,200, batch 128",
       [=] { return finetuning("mlp:1000,200", rows(), 128); }},
      {"fine-tuning, mlp:1000,200, batch 2048",
       [=] { return finetuning("mlp:1000,200", rows(), 2048); }}};
  fmt::print(
      "| work | one process, s | two, s | efficiency | at least {} |\n|---|---|---|---|---|\n",
      kEfficiencyTarget);
  bool good = true;
  for (const Case& one : cases) {
    std::vector<double> alone;
    std::vector<double> together;
    for (int64_t round = 0; round < rounds; ++round) {
      alone.push_back(seconds_of(1, one.prepare));
      together.push_back(seconds_of(2, one.prepare));
    }
    const double efficiency = median(alone) / (2 * median(together));
    good = good && efficiency > 0;
    fmt::print("| {} | {:.2f} | {:.2f} | {:.2f} | {} |\n", one.name, median(alone),
               median(together), efficiency, verdict(efficiency >= kEfficiencyTarget));
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace ncprune::benchmark

int main(int argc, char** argv) {
  constexpr int64_t kFew = 64;
  const ncprune::benchmark::Arguments arguments{argc, argv};
  return ncprune::benchmark::run(arguments.integer(1, 1), arguments.integer(2, kFew));
}
