// How reading a network, finding its channel groups and planning half of its multiply-adds away
// grow with depth: residual networks of 52 to 1000 layers, and ResNet-50 for images of 224 x 224,
// which is to take less than 2 s in all. Prints a table in processor seconds and, on the second
// line from below, the exponent of the growth. Without arguments the small ones only.
#include <ATen/ops/rand.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string>

#include "benchmarks/measure.h"
#include "ncprune/base/runtime.h"
#include "ncprune/model/architectures.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/prune/unit_budget.h"

namespace ncprune::benchmark {
namespace {

struct Times {
  double read;
  double groups;
  double plan;

  double total() const { return read + groups + plan; }
};

Times measure(const std::string& architecture, int64_t pixels) {
  const std::string bytes =
      onnx_bytes(build_network(architecture, {3, pixels, pixels}, 10, Random(1)));
  Times times{};
  Network network;
  times.read = processor_seconds([&] { network = parse_onnx(bytes, architecture); });
  std::vector<UnitGroup> groups;
  times.groups = processor_seconds([&] { groups = unit_groups(network); });
  std::erase_if(groups, [](const UnitGroup& group) { return !group.reason.empty(); });
  std::vector<std::vector<double>> costs;
  for (const UnitGroup& group : groups) {
    const at::Tensor drawn = at::rand({group.units}, at::kDouble);
    costs.emplace_back(drawn.data_ptr<double>(), drawn.data_ptr<double>() + group.units);
  }
  times.plan = processor_seconds([&] { kept_within(network, {groups, costs}, {true, 0.5}); });
  fmt::print("{:>16}  {:8.3f}  {:8.3f}  {:8.3f}  {:8.3f}\n", architecture, times.read, times.groups,
             times.plan, times.total());
  return times;
}

int run(bool whole) {
  configure_runtime(1);
  fmt::print("{:>16}  {:>8}  {:>8}  {:>8}  {:>8}\n", "network", "read s", "groups s", "plan s",
             "total s");
  const std::vector<int64_t> depths =
      whole ? std::vector<int64_t>{52, 100, 202, 400, 1000} : std::vector<int64_t>{22, 52};
  std::vector<double> totals;
  for (const int64_t depth : depths) {
    totals.push_back(measure(fmt::format("wide-resnet:{}-1", depth), 32).total());
  }
  const double growth =
      std::log(totals.back() / totals.front()) /
      std::log(static_cast<double>(depths.back()) / static_cast<double>(depths.front()));
  const double resnet50 =
      whole ? measure("resnet:50", 224).total() : std::numeric_limits<double>::quiet_NaN();
  fmt::print("time ~ depth^{:.2f}; no worse than depth^1.3: {}\n", growth, verdict(growth <= 1.3));
  if (whole) fmt::print("ResNet-50 within 2 s: {}\n", verdict(resnet50 <= 2));
  return 0;
}

}  // namespace
}  // namespace ncprune::benchmark

int main(int argc, char**) {
  return ncprune::benchmark::run(argc > 1);
}
