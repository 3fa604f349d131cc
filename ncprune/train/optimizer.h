#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ncprune/model/network.h"
#include "ncprune/train/optimizer_kernels.h"

namespace ncprune {

// Names of the initializers that training changes, ascending: every float tensor except
// BatchNormalization's running mean and variance, Dropout's ratio, and scalars (zero axes), such as
// the bounds of a Clip and the constants of attention and Gelu.
std::vector<std::string> trainable_initializers(const Network& network);

struct OptimizerOptions {
  double momentum = 0.9;    // of SGD, in [0, 1); Adam's beta1 and beta2 are 0.9 and 0.999
  double weight_decay = 0;  // at least 0
};

// A rule that turns a gradient into a step, with PyTorch's formulas.
struct OptimizerRule {
  std::string name;
  std::string summary;
  std::string source;
  bool second_moment;  // keeps the mean of the squared gradient
  // The scalars of step t = 1, 2, ... at the given learning rate.
  std::function<UpdateScalars(const OptimizerOptions&, double learning_rate, int64_t t)> scalars;
  void (*update)(const UpdateArrays&, const UpdateScalars&, int64_t begin, int64_t end);
};

// sgd, adam, adamw.
const std::vector<OptimizerRule>& optimizers();

// Holds the moments of a fixed list of tensors and takes optimizer steps: in main memory with one
// pass per tensor, on another device with a few LibTorch operations on all tensors at once.
class Optimizer {
 public:
  // REQUIRES: `parameters` are contiguous float tensors of one device that require gradients. Their
  // memory is shared and changed in place. Throws InputError on an unknown name.
  Optimizer(std::string_view name, std::vector<at::Tensor> parameters,
            const OptimizerOptions& options);

  // Takes one step with the parameters' gradients and then clears them for the next backward pass.
  // A parameter without gradient is unchanged.
  void step(double learning_rate);

 private:
  struct State {
    at::Tensor parameter, first, second;
  };
  void step_on_device(const UpdateScalars& scalars);

  const OptimizerRule& rule_;
  OptimizerOptions options_;
  std::vector<State> states_;
  int64_t steps_ = 0;
};

}  // namespace ncprune
