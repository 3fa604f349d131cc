#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "ncprune/model/network.h"

namespace ncprune {

// What one sample costs. An axis of the input that the graph leaves free counts as 1.
struct NetworkCost {
  int64_t parameters;  // entries of all weights, biases and statistics (floating initializers)
  int64_t macs;        // multiply-adds of Gemm, MatMul and Conv with their weights
};
NetworkCost cost(const Network& network);

// How many rows of one sample each weight of a Gemm, MatMul or Conv meets (rows.h), by initializer.
std::map<std::string, int64_t> rows_per_sample(const Network& network);

}  // namespace ncprune
