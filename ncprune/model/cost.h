#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "ncprune/model/network.h"

namespace ncprune {

// The cost of one sample. An input axis without a fixed size counts as 1.
struct NetworkCost {
  int64_t parameters;  // entries of all weights, biases and statistics (floating initializers)
  int64_t macs;        // multiply-adds of Gemm, MatMul and Conv with their weights
};
NetworkCost cost(const Network& network);

// Whether the graph has a Conv.
bool convolves(const Network& network);

// By initializer: how many rows of one sample (rows.h) each weight of a Gemm, MatMul or Conv is
// multiplied with.
std::map<std::string, int64_t> rows_per_sample(const Network& network);

}  // namespace ncprune
