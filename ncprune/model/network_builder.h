#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/model/network.h"

namespace ncprune {

// A convolution as a builder adds it; square, two spatial axes.
struct ConvolutionSpec {
  int64_t channels;  // of its output
  int64_t kernel = 3;
  int64_t stride = 1;
  int64_t groups = 1;
  bool bias = false;
  // As much padding as keeps the size at stride 1.
  int64_t padding() const { return (kernel - 1) / 2; }
};

// How weights are drawn.
enum class Initialization {
  kTorch,   // uniform in [-a, a], a = 1 / sqrt(inputs): what PyTorch's Linear and Conv2d do
  kGlorot,  // uniform, a = sqrt(6 / (inputs + outputs)) (Glorot, Bengio 2010), as Keras's Dense
  kHe,      // normal, deviation sqrt(2 / (outputs * kernel)) (He, Zhang, Ren, Sun 2015)
};

// Writes a graph node by node. Every function takes the name of the value it reads, names its node
// and its tensors by `name`, and gives the name of what it computed. Biases start at 0 but with
// kTorch, where they are drawn as the weights are.
class NetworkBuilder {
 public:
  // `sample_shape`: of one sample, [...]. `random` must outlive the builder.
  NetworkBuilder(const std::string& name, const std::vector<int64_t>& sample_shape, Random& random,
                 Initialization init);

  // The graph's input; a sample [H, W] as one channel if `as_image`.
  std::string input(bool as_image);

  std::string convolution(const std::string& value, const std::string& name,
                          const ConvolutionSpec& spec);
  std::string fully_connected(const std::string& value, const std::string& name, int64_t outputs,
                              bool bias);
  std::string batch_norm(const std::string& value, const std::string& name);
  // A node of one output without weights that leaves the channels as they are: an activation, a
  // pooling, an Add, ...
  std::string node(const std::string& op_type, const std::string& name,
                   const std::vector<std::string>& values,
                   const std::map<std::string, Attribute>& attributes = {});
  std::string max_pool(const std::string& value, const std::string& name, int64_t kernel,
                       int64_t stride, int64_t padding = 0);
  // [N, C, ...] to [N, C]: the mean over the positions.
  std::string global_average(const std::string& value, const std::string& name);
  // [N, ...] to [N, features]; `features` is what one sample has of them.
  std::string flatten(const std::string& value, const std::string& name, int64_t features);
  // Along the channels.
  std::string concat(const std::vector<std::string>& values, const std::string& name);

  // Axis 1 of `value`.
  int64_t channels(const std::string& value) const { return channels_.at(value); }

  // The network whose class scores [N, num_classes] are `logits`.
  Network finish(const std::string& logits, int64_t num_classes);

 private:
  // A weight of `shape` [out, in, kernel...] and, if wanted, a bias.
  void add_weights(const std::string& name, const std::vector<int64_t>& shape, bool bias);
  std::string add(Node node, int64_t channels);

  Network network_;
  Random& random_;
  Initialization init_;
  std::map<std::string, int64_t> channels_;
};

}  // namespace ncprune
