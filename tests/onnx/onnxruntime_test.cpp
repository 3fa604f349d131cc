// ONNX Runtime and ONNX's Python checker judge the files that ncprune writes.
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <numeric>

#include "ncprune/base/file.h"
#include "ncprune/model/architectures.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

const std::string kHere = NCPRUNE_SOURCE_DIR "/tests/onnx/";

std::string raw_bytes(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  return {static_cast<const char*>(flat.data_ptr()), flat.nbytes()};
}

int shell(const std::string& command) {
  return std::system(command.c_str());
}

// A built-in network, weights and statistics at random.
Network randomized(const std::string& spec, const std::vector<int64_t>& sample_shape) {
  Network network = build_network(spec, sample_shape, 6, Random(3));
  for (auto& [key, tensor] : network.initializers) {
    // Above 1, or the scores of a deep network would leave float's range.
    if (key.ends_with(".var")) tensor = at::rand(tensor.sizes()) + 1;
    if (key.ends_with(".mean")) tensor = at::randn(tensor.sizes());
  }
  return network;
}

// Networks by name: built-in ones with every activation and of every architecture, and the
// checked-in exports of PyTorch.
std::map<std::string, Network> networks() {
  const std::map<std::string, std::string> specs{
      {"linear", "mlp"},
      {"relu", "mlp:20,10"},
      {"no_bias", "mlp:20,10?bias=false"},
      {"batchnorm", "mlp:20,10?batchnorm=true"},
      {"leaky", "mlp:20?activation=leaky-relu"},
      {"tanh", "mlp:20?activation=tanh"},
      {"sigmoid", "mlp:20?activation=sigmoid&batchnorm=true&bias=false"}};
  std::map<std::string, Network> all;
  for (const auto& [name, spec] : specs) all.emplace(name, randomized(spec, {1, 4, 5}));
  const std::map<std::string, std::string> image_specs{{"vgg", "vgg:11"},
                                                       {"resnet", "resnet:20"},
                                                       {"wide_resnet", "wide-resnet:10-1"},
                                                       {"densenet", "densenet:22-4"},
                                                       {"mobilenet1", "mobilenet:1"},
                                                       {"mobilenet2", "mobilenet:2"},
                                                       {"mobilenet3", "mobilenet:3-small"},
                                                       {"vit", "vit:8,32,2,4"}};
  for (const auto& [name, spec] : image_specs) all.emplace(name, randomized(spec, {3, 32, 32}));
  // Their strides for ImageNet.
  for (const auto& spec : {"resnet:18", "densenet:121"}) {
    all.emplace(parse_spec(spec).name + "_stem", randomized(spec, {3, 64, 64}));
  }
  for (const auto& entry : fs::directory_iterator(kHere + "files")) {
    if (entry.path().extension() != ".onnx") continue;
    all.emplace("torch_" + entry.path().stem().string(), read_onnx(entry.path().string()));
  }
  return all;
}

class Judge : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "ncprune_onnx_" + std::to_string(getpid()) + "/";
    fs::create_directories(folder_);
    for (const auto& [name, network] : networks_) {
      write_onnx(folder_ + name + ".onnx", network);
      write_file(folder_ + name + ".inputs.f32", raw_bytes(inputs_for(network)));
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Seven samples, the same at every call.
  static at::Tensor inputs_for(const Network& network) {
    std::vector<int64_t> shape = network.input.shape;
    shape.front() = 7;
    const int64_t count =
        std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
    return at::arange(count).mul(0.7).sin().to(at::kFloat).reshape(shape);
  }

  std::map<std::string, Network> networks_ = networks();
  std::string folder_;
};

TEST_F(Judge, OnnxRuntimeGivesTheSameScores) {
  ASSERT_TRUE(fs::exists(NCPRUNE_SOURCE_DIR "/node_modules/onnxruntime-node"))
      << "onnxruntime-node is missing: run 'npm ci --ignore-scripts' in " NCPRUNE_SOURCE_DIR;
  ASSERT_EQ(shell("node '" + kHere + "onnxruntime.cjs' '" + folder_ + "'"), 0);
  for (const auto& [name, network] : networks_) {
    const at::NoGradGuard no_grad;
    const at::Tensor ours = run(network, inputs_for(network), {network.output.name}).front();
    std::string bytes = read_file(folder_ + name + ".scores.f32");
    ASSERT_EQ(bytes.size(), ours.nbytes()) << name;
    const at::Tensor theirs = at::from_blob(bytes.data(), ours.sizes(), at::kFloat);
    const double difference = (ours - theirs).abs().max().item<double>();
    EXPECT_LE(difference, 1e-5 * std::max(1.0, ours.abs().max().item<double>())) << name;
    RecordProperty(name, fmt::format("{:.1e}", difference));
  }
}

TEST_F(Judge, TheCheckerAcceptsEveryFile) {
  // Debian's own Python: that is where its package python3-onnx goes.
  EXPECT_EQ(shell("/usr/bin/python3 '" + kHere + "check_models.py' '" + folder_ + "' > /dev/null"),
            0);
}

}  // namespace
}  // namespace ncprune
