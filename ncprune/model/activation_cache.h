#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/model/interpreter.h"

namespace ncprune {

// Runs a network on the same batches again and again while its initializers are replaced from the
// input to the output: a run goes on where the last one on its batch came to a value that was asked
// for, unless the inputs differ or something it went through was replaced. To ask for a value of
// each of L layers in turn costs one forward pass then, not L / 2. The values are those of run(),
// to the bit. Tensors of the network must be replaced, not written into.
class ActivationCache {
 public:
  ActivationCache() = default;
  // Holds at most so many bytes of activations, on the device where networks run; batches that find
  // no room are run from the input.
  explicit ActivationCache(int64_t most_bytes) : most_bytes_(most_bytes) {}

  struct Inputs {
    int64_t batch;  // tells the batches apart: the index of the first sample
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
    Initializers read;  // up to there
    int64_t bytes = 0;
  };
  static Initializers read_before(const Network& network, size_t end);
  // Where to begin: what is kept of the batch, if it is still right and on the way.
  PartialRun begin(const Network& network, const Inputs& inputs,
                   const std::vector<std::string>& wanted);
  void keep(const Network& network, const Inputs& inputs, const PartialRun& place);

  std::map<int64_t, Kept> kept_;
  int64_t most_bytes_ = int64_t{1} << 28;
  int64_t bytes_ = 0;
};

}  // namespace ncprune
