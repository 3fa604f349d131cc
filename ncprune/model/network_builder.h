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
  int64_t channels;  // of its output
  int64_t kernel = 3;
  int64_t stride = 1;
  int64_t groups = 1;
  bool bias = false;
  std::optional<int64_t> padding = {};  // none: as much as keeps the size at stride 1
};

// The same of a pooling.
struct PoolingSpec {
  int64_t kernel = 2;
  int64_t stride = 2;
  int64_t padding = 0;
};

// How weights are drawn.
enum class Initialization {
  kTorch,   // uniform in [-a, a], a = 1 / sqrt(inputs): what PyTorch's Linear and Conv2d do
  kGlorot,  // uniform, a = sqrt(6 / (inputs + outputs)) (Glorot, Bengio 2010), as Keras's Dense
  // Convolutions normal, deviation sqrt(2 / (outputs * kernel)) (He, Zhang, Ren, Sun 2015), which
  // is for what Relu follows; fully connected layers as kTorch's weights.
  kHe,
};

// Writes a graph node by node. Every function takes the name of the value it reads, names its node
// and its tensors by `name`, and gives the name of what it computed. Biases start at 0 but with
// kTorch, where they are drawn as the weights are.
class NetworkBuilder {
 public:
  // `sample_shape`: of one sample, [...]. `random` must outlive the builder.
  NetworkBuilder(const std::string& name, const std::vector<int64_t>& sample_shape, Random& random,
                 Initialization init);

  // The graph's input as the samples are.
  std::string input();
  // The graph's input as images [N, C, H, W]; a sample [H, W] is one channel. Throws InputError
  // when the samples are no images or a side is shorter than `least` pixels.
  std::string image(int64_t least = 1);

  std::string convolution(const std::string& value, const std::string& name,
                          const ConvolutionSpec& spec);
  std::string fully_connected(const std::string& value, const std::string& name, int64_t outputs,
                              bool bias);
  std::string batch_norm(const std::string& value, const std::string& name);
  // `kind`: a function of each element by its operator type; Relu6 and Gelu too, written as opset
  // 17 can say them. "": the value itself.
  std::string activation(const std::string& value, const std::string& name,
                         const std::string& kind);
  // batch_norm() and activation().
  std::string normalized(const std::string& value, const std::string& name,
                         const std::string& kind);
  // convolution() and normalized().
  std::string convolution_block(const std::string& value, const std::string& name,
                                const ConvolutionSpec& spec, const std::string& kind);
  // How networks made for ImageNet begin: 7 x 7 convolution of stride 2, BatchNormalization, Relu,
  // max-pooling of stride 2; for small images a 3 x 3 convolution of stride 1 and no pooling.
  std::string imagenet_stem(const std::string& value, int64_t channels);
  // A node of one output that leaves the channels as they are: an activation, a pooling, an Add,
  // ...
  std::string node(const std::string& op_type, const std::string& name,
                   const std::vector<std::string>& values,
                   const std::map<std::string, Attribute>& attributes = {});
  std::string max_pool(const std::string& value, const std::string& name, const PoolingSpec& spec);
  // [N, C, ...] to [N, C]: the mean over the positions.
  std::string global_average(const std::string& value, const std::string& name);
  // [N, ...] to [N, features]; `features` is what one sample has of them.
  std::string flatten(const std::string& value, const std::string& name, int64_t features);
  // Along the channels.
  std::string concat(const std::vector<std::string>& values, const std::string& name);

  // An initializer called `name`, to be an input of node().
  std::string initializer(const std::string& name, const at::Tensor& tensor);

  // Of sequences [N, T, C]:
  // LayerNormalization over the channels.
  std::string layer_norm(const std::string& value, const std::string& name);
  // To [N, T, outputs]: the same fully connected layer with bias at every place; MatMul and Add.
  std::string linear(const std::string& value, const std::string& name, int64_t outputs);

  // Axis 1 of `value`; of a sequence the last.
  int64_t channels(const std::string& value) const { return channels_.at(value); }
  // Whether the shorter side of the images is below 64 pixels: too small for ImageNet's strides.
  bool small_images() const;

  // The network whose class scores [N, num_classes] are `logits`.
  Network finish(const std::string& logits, int64_t num_classes);

 private:
  // A weight of `shape` [out, in, kernel...] and, if wanted, a bias.
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
