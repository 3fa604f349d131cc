#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/model/interpreter.h"

namespace ncprune {

// Runs a network on the same batches again and again while its initializers are replaced one after
// another, from input to output. A run resumes where the last run on its batch reached its first
// wanted value, unless the inputs changed or an initializer before that point was replaced. Asking
// for a value of each of L layers in turn then costs one forward pass instead of L / 2. Results
// equal those of run() to the bit. The network's tensors must be replaced, never modified in place.
class ActivationCache {
 public:
  ActivationCache() = default;
  // Keeps at most `max_bytes` of activations, on the compute device; further batches run from the
  // input.
  explicit ActivationCache(int64_t max_bytes) : max_bytes_(max_bytes) {}

  struct Inputs {
    int64_t batch;  // identifies the batch: the index of its first sample
    const at::Tensor& tensor;
  };
  // As run(), without gradients.
  std::vector<at::Tensor> run(const Network& network, const Inputs& inputs,
                              const std::vector<std::string>& wanted);

 private:
  using Initializers = std::vector<std::pair<std::string, at::Tensor>>;
  struct Kept {
    at::Tensor inputs;
    PartialRun place;
    Initializers read;  // by the nodes before `place`
    int64_t bytes = 0;
  };
  static Initializers read_before(const Network& network, size_t end);
  // The kept run of the batch if it is still valid and leads to `wanted`; otherwise a run from the
  // input.
  PartialRun begin(const Network& network, const Inputs& inputs,
                   const std::vector<std::string>& wanted);
  void keep(const Network& network, const Inputs& inputs, const PartialRun& place);

  std::map<int64_t, Kept> kept_;
  int64_t max_bytes_ = int64_t{1} << 28;
  int64_t bytes_ = 0;
};

}  // namespace ncprune
