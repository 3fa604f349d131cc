#pragma once

#include <array>
#include <string>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/data/dataset.h"

namespace ncprune {

// How strong a corruption is. The scale names the table of strengths: "cifar-c", for images of
// about 32 x 32 (Hendrycks, Dietterich 2019), or "mnist-c", the harsher strengths of ImageNet-C,
// most of which MNIST-C kept (Mu, Gilmer 2019).
struct CorruptionLevel {
  std::string scale = "cifar-c";
  int64_t severity = 1;  // in [1, 5]
  uint64_t seed = 0;
};

// The strengths of both scales, by severity.
template <typename T>
struct Strengths {
  std::array<T, 5> cifar_c;
  std::array<T, 5> mnist_c;

  // REQUIRES: the level is valid.
  const T& at(const CorruptionLevel& level) const {
    const auto& table = level.scale == "cifar-c" ? cifar_c : mnist_c;
    return table.at(static_cast<size_t>(level.severity - 1));
  }
};

// A corruption of the inputs of a deployed network.
struct Corruption {
  std::string name;
  std::string summary;
  std::string source;
  // If true, takes images float [N, channels, height, width] in [0, 1], 1 or 3 channels, one part
  // of the data (about 50 MB) at a time, and may leave [0, 1]; otherwise takes a whole table,
  // [N, D].
  bool pictures;
  at::Tensor (*apply)(const at::Tensor& inputs, const CorruptionLevel& level, Random& random);
};

// All corruptions, by name; each file of corruptions/ adds some.
const std::vector<Corruption>& corruptions();

// The names of the corruptions that apply to such data.
std::vector<std::string> corruption_names(const Dataset& data);

// `data` with corrupted inputs, clipped to the data's range. One seed gives one result, whatever
// the number of threads. If a reader has the pictures, a reader has the corrupted ones, which are
// the same as if they were in memory; tables are read into memory. Throws InputError on an unknown
// name, scale or severity, and on a corruption that does not apply to such data.
Dataset corrupted(const Dataset& data, const std::string& name, const CorruptionLevel& level);

}  // namespace ncprune
