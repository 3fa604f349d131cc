// How long the surgeon takes to prune a network without biases to 98 %, statistics included, head
// kept. surgeon_pytorch.py prunes the same network with the same samples; compare_surgeon runs the
// two side by side.
//
// surgeon                            a small problem, briefly
// surgeon prepare FOLDER small|full  writes a problem: dense.onnx, inputs.f32, labels.i64. Full is
//                                    mlp:1000,200 on Fashion-MNIST with three classes thinned
// surgeon run FOLDER THREADS REPEATS solves it and writes pruned.onnx, row_weights.f64. One line on
//                                    standard output: seconds (medians over repeats) of the
//                                    statistics, of the pruning and of both, peak memory in MB
#include <ATen/ops/cat.h>
#include <ATen/ops/from_file.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "benchmarks/measure.h"
#include "ncprune/base/file.h"
#include "ncprune/base/runtime.h"
#include "ncprune/data/samples.h"
#include "ncprune/experiment/prepare.h"
#include "ncprune/model/architectures.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/prune/prune.h"
#include "ncprune/train/train.h"

namespace {

constexpr double kSparsity = 0.98;

void write_raw(const std::string& path, const at::Tensor& tensor) {
  const at::Tensor whole = tensor.contiguous();
  ncprune::write_file(path, {static_cast<const char*>(whole.data_ptr()), whole.nbytes()});
}

at::Tensor read_raw(const std::string& path, at::ScalarType type) {
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(path));
  return at::from_file(path, /*shared=*/false, bytes / static_cast<int64_t>(elementSize(type)),
                       at::TensorOptions(type));
}

// One epoch of training: activations and weights of an untrained network are nothing like real
// ones.
void prepare(const std::string& folder, bool full) {
  std::filesystem::create_directories(folder);
  ncprune::DataRequest request;
  request.data = full ? "fashion-mnist" : "synthetic:10,64,100";
  request.imbalance = full ? "classes:1,2,3@0.01" : "classes:1,2,3@0.1";
  const ncprune::Dataset data = ncprune::prepare_data(request).train;
  const ncprune::Network network =
      ncprune::build_network(full ? "mlp:1000,200?bias=false" : "mlp:100,50?bias=false",
                             data.sample_shape(), data.num_classes(), ncprune::Random(1));
  const ncprune::Training training =
      ncprune::train(network, data, {}, {.learning_rate = 4e-4, .epochs = 1, .batch = 100});
  ncprune::write_onnx(folder + "/dense.onnx", training.network);
  write_raw(folder + "/inputs.f32", data.inputs);
  write_raw(folder + "/labels.i64", data.labels);
}

void run(const std::string& folder, int64_t repeats) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::duration time) {
    return std::chrono::duration<double>(time).count();
  };
  const ncprune::Network dense = ncprune::read_onnx(folder + "/dense.onnx");
  ncprune::Dataset data;
  data.labels = read_raw(folder + "/labels.i64", at::kLong);
  data.inputs = read_raw(folder + "/inputs.f32", at::kFloat).view({data.size(), -1});
  data.class_names = ncprune::numbered_classes(dense.num_classes());
  const ncprune::Recipe recipe{.method = ncprune::find_method("surgeon"), .share = kSparsity};

  std::vector<double> statistics_seconds, prune_seconds, total_seconds;
  for (int64_t i = 0; i < repeats; ++i) {
    const auto start = Clock::now();
    ncprune::Calibration calibration(dense, data);
    calibration.measure({recipe});
    const auto measured = Clock::now();
    const ncprune::Pruned pruned = ncprune::prune(calibration, recipe);
    const auto done = Clock::now();
    statistics_seconds.push_back(seconds(measured - start));
    prune_seconds.push_back(seconds(done - measured));
    total_seconds.push_back(seconds(done - start));
    if (i > 0) continue;
    ncprune::write_onnx(folder + "/pruned.onnx", pruned.network);
    // Estimated with random numbers of our own: who checks the result needs the same.
    write_raw(folder + "/row_weights.f64", at::cat(calibration.row_weights(recipe)));
  }
  fmt::print("{:.3f} {:.3f} {:.3f} {}\n", ncprune::benchmark::median(statistics_seconds),
             ncprune::benchmark::median(prune_seconds), ncprune::benchmark::median(total_seconds),
             ncprune::benchmark::peak_megabytes());
}

void run_briefly() {
  std::string folder = (std::filesystem::temp_directory_path() / "surgeon-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
  prepare(folder, /*full=*/false);
  run(folder, 1);
  std::filesystem::remove_all(folder);
}

}  // namespace

int main(int argc, char** argv) {
  const ncprune::benchmark::Arguments arguments{argc, argv};
  const std::string_view command = argc > 2 ? argv[1] : "";
  ncprune::configure_runtime(command == "run" ? static_cast<int>(arguments.integer(3, 1)) : 1);
  if (command == "prepare") {
    prepare(argv[2], argc > 3 && argv[3] == std::string_view("full"));
  } else if (command == "run") {
    run(argv[2], arguments.integer(4, 1));
  } else {
    run_briefly();
  }
}
