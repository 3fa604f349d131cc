// How fast compiled networks are beside ONNX Runtime: one thread, one sample a run, all in turn,
// medians in microseconds of
// processor time.
//
//   benchmark_compiled DENSE.onnx PRUNED.onnx...   each compiled, relative to ONNX Runtime on DENSE
//
//   benchmark_compiled ARCHITECTURE@PIXELS         built in (@1xPIXELS: grey), with 0, 90, 95 and
//                                                  98 % of the weights of each layer removed
//
// Without arguments: resnet:20@32.
// The last line is the speed of a loop of multiply-adds in registers on this machine.
#include <ATen/ops/randn.h>
#include <fmt/format.h>
#include <time.h>

#include <string>

#include "benchmarks/measure.h"
#include "ncprune/base/runtime.h"
#include "ncprune/compile/shared_library.h"
#include "ncprune/evaluate/runner.h"
#include "ncprune/model/architectures.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/runtime/onnx_runtime.h"

namespace ncprune::benchmark {
namespace {

struct Contender {
  std::string name;
  double weights;  // share of nonzero multiply-adds' weights
  Runner run;
  std::vector<double> microseconds = {};
};

// The processor time of this thread, which other programs on the machine do not add to.
double thread_microseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
}

double microseconds_of(const Runner& run, const at::Tensor& input) {
  const double start = thread_microseconds();
  run(input);
  return thread_microseconds() - start;
}

double nonzero_share(const Network& network) {
  int64_t all = 0;
  int64_t nonzero = 0;
  for (const auto& [name, tensor] : network.initializers) {
    if (tensor.dim() < 2) continue;
    all += tensor.numel();
    nonzero += tensor.ne(0).sum().item<int64_t>();
  }
  return static_cast<double>(nonzero) / static_cast<double>(std::max<int64_t>(all, 1));
}

// The network with only its largest weights, over each matrix or kernel. Depthwise kernels stay
// whole, as in ncprune prune: without their few weights whole channels would be dead.
Network without_smallest(Network network, double share) {
  for (auto& [name, tensor] : network.initializers) {
    const auto removed = static_cast<int64_t>(share * static_cast<double>(tensor.numel()));
    const bool depthwise = tensor.dim() == 4 && tensor.size(1) == 1;
    if (tensor.dim() < 2 || depthwise || removed == 0) continue;
    const at::Tensor limit = std::get<0>(tensor.abs().flatten().kthvalue(removed));
    tensor = tensor * tensor.abs().gt(limit);
  }
  return network;
}

// Multiply-adds in ten independent vectors of registers, in GMAC/s.
double peak() {
  const std::string source = R"(
#include <string.h>
#if defined(__AVX512F__)
#define W 16
#elif defined(__AVX__)
#define W 8
#else
#define W 4
#endif
typedef float vec __attribute__((vector_size(4 * W)));
unsigned long network_workspace(void) { return W; }
void network_run(const float* x, float* y, void* w) {
  vec a[10];
  vec b = x[0] - (vec){0};
  for (int k = 0; k < 10; ++k) a[k] = x[k] - (vec){0};
  for (int i = 0; i < 100000; ++i) {
    _Pragma("GCC unroll 10") for (int k = 0; k < 10; ++k) a[k] = a[k] * b + b;
  }
  float sum = 0;
  for (int k = 0; k < 10; ++k) sum += a[k][0];
  y[0] = sum;
  y[1] = W;
}
)";
  const CompiledNetwork loop(build_library(source, fast_flags()), {}, 2);
  const at::Tensor x = at::randn({1, 10}) * 0.1;
  const auto width = loop.run(x)[0][1].item<double>();
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    best = std::min(best, microseconds_of([&](const at::Tensor& in) { return loop.run(in); }, x));
  }
  return width * 1e6 / best * 1e-3;
}

int run(const std::vector<std::string>& paths) {
  configure_runtime(1);
  std::vector<std::pair<std::string, Network>> networks;
  for (const std::string& path : paths) {
    if (path.find('@') == std::string::npos) networks.emplace_back(path, read_onnx(path));
  }
  if (networks.empty()) {
    const std::string built = paths.empty() ? "resnet:20@32" : paths.front();
    const auto at = built.find('@');
    const auto times = built.find('x', at);
    const bool grey = times != std::string::npos;
    const int64_t pixels = std::stol(built.substr((grey ? times : at) + 1));
    const Network dense =
        build_network(built.substr(0, at), {grey ? 1 : 3, pixels, pixels}, 10, Random(1));
    for (const int percent : {0, 90, 95, 98}) {
      networks.emplace_back(fmt::format("{} % of the weights removed", percent),
                            without_smallest(dense, 0.01 * percent));
    }
  }
  std::vector<Contender> contenders;
  const Network& dense = networks.front().second;
  for (const char* runtime : {"onnxruntime", "ncprune"}) {
    if (runtime == std::string("onnxruntime") && !onnx_runtime_problem().empty()) continue;
    contenders.push_back({fmt::format("{}, dense", runtime), 1, make_runner(dense, runtime)});
    break;
  }
  for (const auto& [name, network] : networks) {
    contenders.push_back({name, nonzero_share(network), make_runner(network, "compiled")});
  }
  std::vector<int64_t> shape = dense.input.shape;
  shape.front() = 1;
  const at::Tensor input = at::randn(shape);
  const double first = microseconds_of(contenders.front().run, input);
  const int turns = static_cast<int>(std::clamp(2e6 / first, 15.0, 2000.0));
  for (int turn = 0; turn < turns + 3; ++turn) {
    for (Contender& own : contenders) {
      const double time = microseconds_of(own.run, input);
      if (turn >= 3) own.microseconds.push_back(time);
    }
  }
  fmt::print("{:>40}  {:>9}  {:>12}  {:>8}\n", "network", "weights %", "median us", "speed");
  const double base = median(contenders.front().microseconds);
  for (const Contender& own : contenders) {
    const double time = median(own.microseconds);
    fmt::print("{:>40}  {:9.1f}  {:12.1f}  {:7.2f}x\n", own.name, 100 * own.weights, time,
               base / time);
  }
  fmt::print("multiply-adds in registers: {:.1f} G/s\n", peak());
  return 0;
}

}  // namespace
}  // namespace ncprune::benchmark

int main(int argc, char** argv) {
  return ncprune::benchmark::run({argv + 1, argv + argc});
}
