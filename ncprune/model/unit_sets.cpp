#include "ncprune/model/unit_sets.h"

#include <ATen/ExpandUtils.h>
#include <ATen/ops/arange.h>
#include <c10/util/accumulate.h>

#include <algorithm>
#include <utility>

namespace ncprune {
namespace {

size_t index(int64_t i) {
  return static_cast<size_t>(i);
}

// Ranges of axes of two shapes that hold the same elements: the smallest such ranges.
struct Block {
  size_t before_begin;
  size_t before_end;
  size_t after_begin;
  size_t after_end;
};

// REQUIRES: both have the same positive number of elements.
std::vector<Block> blocks_of(at::IntArrayRef before, at::IntArrayRef after) {
  std::vector<Block> blocks;
  size_t i = 0;
  size_t j = 0;
  while (i < before.size() && j < after.size()) {
    Block block{i, i + 1, j, j + 1};
    int64_t left = before[i++];
    int64_t right = after[j++];
    while (left != right) {
      if (left < right) {
        left *= before[i++];
      } else {
        right *= after[j++];
      }
    }
    block.before_end = i;
    block.after_end = j;
    blocks.push_back(block);
  }
  if (blocks.empty()) return blocks;
  blocks.back().before_end = before.size();  // the remaining axes have size 1
  blocks.back().after_end = after.size();
  return blocks;
}

}  // namespace

at::Tensor UnitSets::fresh(int64_t count) {
  const int64_t first = std::ssize(parents_);
  for (int64_t i = 0; i < count; ++i) parents_.push_back(first + i);
  reasons_.resize(parents_.size());
  return at::arange(first, first + count, at::TensorOptions(at::kLong));
}

int64_t UnitSets::root(int64_t label) {
  int64_t top = label;
  while (parents_[index(top)] != top) top = parents_[index(top)];
  while (parents_[index(label)] != top) label = std::exchange(parents_[index(label)], top);
  return top;
}

void UnitSets::join(int64_t a, int64_t b) {
  const int64_t first = root(a);
  const int64_t second = root(b);
  parents_[index(std::max(first, second))] = std::min(first, second);
}

at::Tensor UnitSets::join(const at::Tensor& a, const at::Tensor& b) {
  const std::vector<int64_t> shape = at::infer_size(a.sizes(), b.sizes());
  at::Tensor left = a.expand(shape).contiguous();
  const at::Tensor right = b.expand(shape).contiguous();
  const auto from = elements<int64_t>(left);
  const auto to = elements<int64_t>(right);
  for (size_t i = 0; i < from.size(); ++i) join(from[i], to[i]);
  return left;
}

at::Tensor UnitSets::join_along(const at::Tensor& labels, int64_t axis) {
  at::Tensor first = labels.narrow(axis, 0, 1);
  join(labels, first);
  return first;
}

at::Tensor UnitSets::settled(const at::Tensor& labels) {
  at::Tensor own = labels.clone(at::MemoryFormat::Contiguous);
  for (int64_t& label : elements<int64_t>(own)) label = root(label);
  for (int64_t axis = 0; axis < own.dim(); ++axis) {
    const at::Tensor first = own.narrow(axis, 0, std::min<int64_t>(1, own.size(axis)));
    if (own.size(axis) > 1 && own.equal(first.expand_as(own))) own = first;
  }
  return own;
}

void UnitSets::keep(const std::vector<int64_t>& labels, const std::string& reason) {
  for (const int64_t label : labels) {
    std::string& own = reasons_[index(label)];
    if (own.empty()) own = reason;
  }
}

std::vector<std::string> UnitSets::reasons() {
  std::vector<std::string> all(reasons_.size());
  for (size_t i = 0; i < reasons_.size(); ++i) {
    std::string& own = all[index(root(static_cast<int64_t>(i)))];
    if (own.empty()) own = reasons_[i];
  }
  return all;
}

std::vector<int64_t> unit_axes(const at::Tensor& labels) {
  std::vector<int64_t> axes;
  for (int64_t axis = 0; axis < labels.dim(); ++axis) {
    if (labels.size(axis) > 1) axes.push_back(axis);
  }
  return axes;
}

bool varies_along(const at::Tensor& labels, int64_t axis) {
  return labels.size(axis) > 1;
}

bool varies_only_along(const at::Tensor& labels, int64_t axis) {
  return unit_axes(labels) == std::vector<int64_t>{axis};
}

std::vector<int64_t> flat(const at::Tensor& labels) {
  const at::Tensor own = labels.contiguous();
  const auto view = elements<int64_t>(own);
  return {view.begin(), view.end()};
}

at::Tensor with_rank(const at::Tensor& labels, int64_t rank) {
  std::vector<int64_t> shape(index(rank - labels.dim()), 1);
  shape.insert(shape.end(), labels.sizes().begin(), labels.sizes().end());
  return labels.reshape(shape);
}

at::Tensor reshaped(const at::Tensor& labels, at::IntArrayRef before, at::IntArrayRef after) {
  const int64_t elements = c10::multiply_integers(before);
  if (elements == 0 || elements != c10::multiply_integers(after)) return {};
  std::vector<int64_t> whole = labels.sizes().vec();
  std::vector<int64_t> shape;
  for (const Block& block : blocks_of(before, after)) {
    bool varies = false;
    for (size_t i = block.before_begin; i < block.before_end; ++i) varies |= whole[i] > 1;
    for (size_t j = block.after_begin; j < block.after_end; ++j) {
      shape.push_back(varies ? after[j] : 1);
    }
    if (!varies) continue;
    for (size_t i = block.before_begin; i < block.before_end; ++i) whole[i] = before[i];
  }
  return labels.expand(whole).reshape(shape);
}

}  // namespace ncprune
