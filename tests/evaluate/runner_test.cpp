#include "ncprune/evaluate/runner.h"

#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "ncprune/evaluate/latency.h"
#include "ncprune/evaluate/metrics.h"
#include "ncprune/runtime/onnx_runtime.h"
#include "tests/data/input_error.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

const Dataset& data() {
  static const Dataset dataset = gaussian_data({30, 30, 30}, 6);
  return dataset;
}

TEST(Runner, OfEveryRuntimeGivesTheSameScoresAndMetrics) {
  const Network network = network_for(data(), "mlp:20,10?batchnorm=true");
  const ClassMetrics ours = evaluate(network, data());
  const at::Tensor wanted = make_runner(network, "ncprune")(data().inputs);
  for (const Runtime& runtime : runtimes()) {
    SCOPED_TRACE(runtime.name);
    ASSERT_EQ(runtime.problem(), "");
    const at::Tensor scores = make_runner(network, runtime.name)(data().inputs);
    EXPECT_LE((scores - wanted).abs().max().item<double>(), 1e-5);
    EXPECT_EQ(evaluate(network, data(), runtime.name).confusion, ours.confusion);
  }
}

TEST(Runner, RefusesWhatItDoesNotKnow) {
  const Network network = network_for(data(), "mlp:4");
  EXPECT_EQ(input_error([&] { make_runner(network, "tensorrt"); }),
            "unknown runtime 'tensorrt'; known: ncprune, onnxruntime, compiled");
}

TEST(OnnxRuntime, SaysWhatItDoesNotTake) {
  EXPECT_NE(input_error([] { OnnxRuntimeSession("not a model", 1); }).find("ONNX Runtime: "),
            std::string::npos);
  const Network network = network_for(data(), "mlp:4");
  const Runner runner = make_runner(network, "onnxruntime");
  EXPECT_NE(input_error([&] {
              runner(at::randn({2, 5}));
            }).find("ONNX Runtime: "),
            std::string::npos);
}

TEST(Latency, OrdersNetworksByTheirSize) {
  const std::vector<Network> networks{network_for(data(), "mlp:2000,2000"),
                                      network_for(data(), "mlp:10")};
  for (const Runtime& runtime : runtimes()) {
    SCOPED_TRACE(runtime.name);
    const std::vector<Latency> latencies =
        measure_latency(networks, {.runtime = runtime.name, .batch = 8, .runs = 9});
    ASSERT_EQ(latencies.size(), 2);
    for (const Latency& own : latencies) {
      EXPECT_GT(own.low, 0);
      EXPECT_LE(own.low, own.median);
      EXPECT_LE(own.median, own.high);
    }
    EXPECT_GT(latencies[0].median, latencies[1].median);
  }
}

TEST(Latency, RefusesWhatCannotBeTimed) {
  Network network = network_for(data(), "mlp:4");
  const auto refusal = [&](const LatencyOptions& options) {
    return input_error([&] { measure_latency({network}, options); });
  };
  EXPECT_EQ(refusal({.runtime = {}, .batch = 0}), "batch 0 is outside [1, 1048576]");
  EXPECT_EQ(refusal({.runtime = {}, .runs = 0}), "runs 0 is outside [1, 1000000]");
  network.input.shape.back() = -1;
  EXPECT_NE(refusal({}).find("has samples without a fixed shape"), std::string::npos);
}

}  // namespace
}  // namespace ncprune
