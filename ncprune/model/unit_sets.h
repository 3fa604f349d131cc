#pragma once

#include <string>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// Units while it is being found out which can only go together. Every unit has a label, a number
// from 0 up. The labels of a value are an int64 tensor of the value's rank: the label of the unit
// at every place, of size 1 along every axis on which it does not depend, so that it can be
// broadcast over the value.
class UnitSets {
 public:
  // `count` new units; int64 [count].
  at::Tensor fresh(int64_t count);

  // The label that stands for the unit and all it goes with: the oldest of them.
  int64_t root(int64_t label);

  // From here on the two go together.
  void join(int64_t a, int64_t b);

  // The same place by place, of labels that can be broadcast to one shape; gives them in it.
  at::Tensor join(const at::Tensor& a, const at::Tensor& b);

  // What stands along `axis` goes together; gives the labels that are left, of size 1 there.
  at::Tensor join_along(const at::Tensor& labels, int64_t axis);

  // The roots, of size 1 along every axis on which they do not depend any more.
  at::Tensor settled(const at::Tensor& labels);

  // These units have to stay; the first reason a unit is given counts.
  void keep(const std::vector<int64_t>& labels, const std::string& reason);

  // By root, of every unit there is: why it and what goes with it have to stay; empty: they can go.
  std::vector<std::string> reasons();

 private:
  std::vector<int64_t> parents_;  // by label; a root is its own
  std::vector<std::string> reasons_;
};

// The axes on which the labels depend, ascending.
std::vector<int64_t> unit_axes(const at::Tensor& labels);

// Whether they depend on `axis`, or on it alone.
bool varies_along(const at::Tensor& labels, int64_t axis);
bool varies_only_along(const at::Tensor& labels, int64_t axis);

// Row by row.
std::vector<int64_t> flat(const at::Tensor& labels);

// The labels of a value that has axes of size 1 in front of its own, `rank` axes in all.
at::Tensor with_rank(const at::Tensor& labels, int64_t rank);

// The labels of a value of shape `before` when its elements, row by row, are read as one of shape
// `after`. Undefined when the two hold no elements, or not as many.
at::Tensor reshaped(const at::Tensor& labels, at::IntArrayRef before, at::IntArrayRef after);

}  // namespace ncprune
