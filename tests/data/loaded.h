#pragma once

#include <string>

#include "ncprune/data/source.h"

namespace ncprune {

// load_data() with every input in memory.
inline TrainTest loaded(const std::string& spec, const std::string& root = "") {
  TrainTest data = load_data(spec, root, 1);
  data.train = in_memory(std::move(data.train));
  data.test = in_memory(std::move(data.test));
  return data;
}

}  // namespace ncprune
