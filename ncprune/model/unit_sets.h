#pragma once

#include <string>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// Sets of units that can only be removed together, while they are being found. Every unit has a
// label, a number from 0 up. The labels of a value are an int64 tensor of the value's rank: the
// label of the unit at every position, of size 1 along every axis on which it does not depend, so
// that it can be broadcast over the value.
class UnitSets {
 public:
  // `count` new units; int64 [count].
  at::Tensor fresh(int64_t count);

  // The label that represents the unit's set: the oldest in it.
  int64_t root(int64_t label);

  // Merges the sets of the two.
  void join(int64_t a, int64_t b);

  // Merges elementwise the sets of labels that can be broadcast to one shape; returns the labels in
  // that shape.
  at::Tensor join(const at::Tensor& a, const at::Tensor& b);

  // Merges all sets along `axis`; returns the resulting labels, of size 1 there.
  at::Tensor join_along(const at::Tensor& labels, int64_t axis);

  // The roots, of size 1 along every axis on which they no longer depend.
  at::Tensor settled(const at::Tensor& labels);

  // Marks units that must be kept; the first reason for a unit counts.
  void keep(const std::vector<int64_t>& labels, const std::string& reason);

  // By root, for every unit: why its set must be kept; empty if it can be removed.
  std::vector<std::string> reasons();

 private:
  std::vector<int64_t> parents_;  // by label; the parent of a root is itself
  std::vector<std::string> reasons_;
};

// The axes on which the labels depend, ascending.
std::vector<int64_t> unit_axes(const at::Tensor& labels);

// Whether the labels depend on `axis`, or only on it.
bool varies_along(const at::Tensor& labels, int64_t axis);
bool varies_only_along(const at::Tensor& labels, int64_t axis);

// The elements in row-major order.
std::vector<int64_t> flat(const at::Tensor& labels);

// The labels with leading axes of size 1, `rank` axes in total.
at::Tensor with_rank(const at::Tensor& labels, int64_t rank);

// The labels of a value of shape `before` when it is reshaped to `after`. Undefined when the shapes
// hold no elements or different numbers of them.
at::Tensor reshaped(const at::Tensor& labels, at::IntArrayRef before, at::IntArrayRef after);

}  // namespace ncprune
