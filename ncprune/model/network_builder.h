#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/model/network.h"

namespace ncprune {

// A convolution as a builder adds it; square, two spatial axes.
struct ConvolutionSpec {
  int64_t channels;  // of the output
  int64_t kernel = 3;
  int64_t stride = 1;
  int64_t groups = 1;
  bool bias = false;
  std::optional<int64_t> padding = {};  // empty: keeps the size at stride 1
};

// A pooling; square, two spatial axes.
struct PoolingSpec {
  int64_t kernel = 2;
  int64_t stride = 2;
  int64_t padding = 0;
};

// How weights are drawn.
enum class Initialization {
  kTorch,   // uniform in [-a, a], a = 1 / sqrt(inputs), as PyTorch's Linear and Conv2d
  kGlorot,  // uniform, a = sqrt(6 / (inputs + outputs)) (Glorot, Bengio 2010), as Keras's Dense
  // Convolutions normal with standard deviation sqrt(2 / (outputs * kernel)) (He, Zhang, Ren, Sun
  // 2015), for layers before a Relu; fully connected layers as the weights of kTorch.
  kHe,
};

// Writes a graph node by node. Every function takes the name of the value it reads, uses `name` for
// its node and tensors, and returns the name of its result. Biases start at 0, except with kTorch,
// which draws them like the weights.
class NetworkBuilder {
 public:
  // `sample_shape`: the shape of one sample, [...]. `random` must outlive the builder.
  NetworkBuilder(const std::string& name, const std::vector<int64_t>& sample_shape, Random& random,
                 Initialization init);

  // The graph's input in the shape of the samples.
  std::string input();
  // The graph's input as images [N, C, H, W]; a sample [H, W] has one channel. Throws InputError
  // when the samples are not images or a side is shorter than `least` pixels.
  std::string image(int64_t least = 1);

  std::string convolution(const std::string& value, const std::string& name,
                          const ConvolutionSpec& spec);
  std::string fully_connected(const std::string& value, const std::string& name, int64_t outputs,
                              bool bias);
  std::string batch_norm(const std::string& value, const std::string& name);
  // `kind`: the operator type of an elementwise function, or Relu6 or Gelu, written with the
  // operators of opset 17. "" returns the value unchanged.
  std::string activation(const std::string& value, const std::string& name,
                         const std::string& kind);
  // batch_norm() and activation().
  std::string normalized(const std::string& value, const std::string& name,
                         const std::string& kind);
  // convolution() and normalized().
  std::string convolution_block(const std::string& value, const std::string& name,
                                const ConvolutionSpec& spec, const std::string& kind);
  // The first layers of networks for ImageNet: 7 x 7 convolution of stride 2, BatchNormalization,
  // Relu, max-pooling of stride 2. For small images a 3 x 3 convolution of stride 1 and no pooling.
  std::string imagenet_stem(const std::string& value, int64_t channels);
  // A node with one output that keeps the number of channels: an activation, a pooling, an Add, ...
  std::string node(const std::string& op_type, const std::string& name,
                   const std::vector<std::string>& values,
                   const std::map<std::string, Attribute>& attributes = {});
  std::string max_pool(const std::string& value, const std::string& name, const PoolingSpec& spec);
  // [N, C, ...] to [N, C]: the mean over the positions.
  std::string global_average(const std::string& value, const std::string& name);
  // [N, ...] to [N, features]; `features` is their number in one sample.
  std::string flatten(const std::string& value, const std::string& name, int64_t features);
  // Concatenates along the channels.
  std::string concat(const std::vector<std::string>& values, const std::string& name);

  // Adds an initializer called `name`, for use as an input of node().
  std::string initializer(const std::string& name, const at::Tensor& tensor);

  // LayerNormalization of a sequence [N, T, C] over its channels.
  std::string layer_norm(const std::string& value, const std::string& name);
  // [N, T, C] to [N, T, outputs]: a fully connected layer with bias at every position; MatMul and
  // Add.
  std::string linear(const std::string& value, const std::string& name, int64_t outputs);

  // Size of axis 1 of `value`, or of the last axis of a sequence.
  int64_t channels(const std::string& value) const { return channels_.at(value); }
  // Whether the shorter side of the images is below 64 pixels: too small for ImageNet's strides.
  bool small_images() const;

  // The network whose class scores [N, num_classes] are `logits`.
  Network finish(const std::string& logits, int64_t num_classes);

 private:
  // Adds a weight of `shape` [out, in, kernel...] and, if `bias`, a bias.
  void add_weights(const std::string& name, const std::vector<int64_t>& shape, bool bias);
  std::string number(const std::string& name, double value);
  std::string gelu(const std::string& value, const std::string& name);
  std::string add(Node node, int64_t channels);

  Network network_;
  Random& random_;
  Initialization init_;
  std::map<std::string, int64_t> channels_;
};

}  // namespace ncprune
