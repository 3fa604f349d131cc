// Training speed of mlp:1000,200 without biases under Adam, on random inputs of Fashion-MNIST's
// shape. One line on standard output: samples/s (median over epochs), peak memory in MB.
// train_pytorch.py does the same work; compare_training runs the two side by side.
#include "ncprune/train/train.h"

#include <fmt/format.h>

#include "benchmarks/measure.h"
#include "ncprune/base/runtime.h"
#include "ncprune/model/architectures.h"

// train BATCH THREADS [EPOCHS [SAMPLES]]
int main(int argc, char** argv) {
  const ncprune::benchmark::Arguments arguments{argc, argv};
  const int64_t batch = arguments.integer(1, 128);
  ncprune::configure_runtime(static_cast<int>(arguments.integer(2, 1)));
  const int64_t epochs = arguments.integer(3, 1);
  const int64_t samples = arguments.integer(4, 256);
  const ncprune::Dataset data = ncprune::benchmark::noise({samples, 1, 28, 28});
  const ncprune::Network network = ncprune::build_network(
      "mlp:1000,200?bias=false", data.sample_shape(), data.num_classes(), ncprune::Random(1));
  const ncprune::Training training = ncprune::train(
      network, data, {}, {.learning_rate = 1e-4, .epochs = epochs + 1, .batch = batch});
  std::vector<double> seconds;  // the first epoch warms up
  for (size_t i = 1; i < training.history.size(); ++i) {
    seconds.push_back(training.history[i].seconds);
  }
  fmt::print("{:.0f} {}\n", static_cast<double>(samples) / ncprune::benchmark::median(seconds),
             ncprune::benchmark::peak_megabytes());
}
