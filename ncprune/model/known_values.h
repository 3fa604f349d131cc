#pragma once

#include <string>
#include <unordered_map>

#include "ncprune/model/network.h"

namespace ncprune {

// What a network computes whatever its input is: for every floating value of one sample, a tensor
// [1, ...] with the elements that are the same for every input, and NaN for all others. An element
// counts as known only if the graph shows it: because the weights on everything that depends on the
// input are zero, or because a scale is. Elements that operators other than products, elementwise
// functions, pooling and changes of shape compute from unknown ones are NaN.
//
// Runs the network about twice on one sample. REQUIRES: every axis of a sample has a fixed size.
std::unordered_map<std::string, at::Tensor> known_values(const Network& network);

}  // namespace ncprune
