#include "ncprune/prune/admm_iterate.h"

#include <ATen/Parallel.h>
#include <ATen/ops/constant_pad_nd.h>

#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "ncprune/base/each_processor.h"

namespace ncprune {
namespace {

// Vectors of the length that the widest processors have; others take several steps.
using Lanes = float __attribute__((vector_size(64), may_alias));
using HalfLanes = float __attribute__((vector_size(32)));
using QuarterLanes = float __attribute__((vector_size(16)));

constexpr size_t kLanes = 16;
// Eigenvectors in a chunk: its d x 64 floats stay in the cache while all rows use them, and a row's
// sums stay in registers.
constexpr size_t kChunk = 64;
constexpr size_t kParts = kChunk / kLanes;

// The tensor with its last axis filled up with `value` to whole chunks.
at::Tensor in_chunks(const at::Tensor& tensor, double value) {
  constexpr auto kSize = static_cast<int64_t>(kChunk);
  const int64_t missing = (kSize - tensor.size(-1) % kSize) % kSize;
  return at::constant_pad_nd(tensor, {0, missing}, value).contiguous();
}

// The cross moments in the scale of the metric, float [m, d], of unit size.
at::Tensor scaled_target(const LayerProblem& problem, const at::Tensor& row_weights) {
  const at::Tensor floor = row_weights.mean() * 1e-6 + 1e-300;
  const at::Tensor row_scale = row_weights.maximum(floor).sqrt().unsqueeze(1);
  at::Tensor target = (problem.cross / problem.metric.diagonal().sqrt()).mul_(row_scale);
  const auto size = at::linalg_vector_norm(target) / std::sqrt(static_cast<double>(target.numel()));
  return target.div_(size.clamp_min(1e-300)).to(at::kFloat);
}

__attribute__((always_inline)) inline float sum_of(const Lanes& x) {
  const HalfLanes half = __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7) +
                         __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
  const QuarterLanes quarter = __builtin_shufflevector(half, half, 0, 1, 2, 3) +
                               __builtin_shufflevector(half, half, 4, 5, 6, 7);
  return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}

// One chunk of the rows [begin, end).
struct ChunkOfRows {
  const Lanes* eigenvectors;  // [d, kParts]
  const Lanes* target;        // of row 0; the next row is `stride` further
  Lanes* moved;               // likewise
  size_t stride;
  const Lanes* inverse;  // [kParts]: 1 / (eigenvalue + rho)
  float rho;
  float keep_dual;  // 1 / growth, or 0 without a dual
  size_t begin;
  size_t end;
  bool starts_sums;  // it is the first chunk
};

NCPRUNE_EACH_PROCESSOR
void advance_chunk(const ChunkOfRows& chunk, const SparseRows& kept, SparseRows* near) {
  for (size_t i = chunk.begin; i < chunk.end; ++i) {
    Lanes sparse[kParts] = {};
    for (size_t place = kept.first[i]; place < kept.first[i + 1]; ++place) {
      const Lanes* const from =
          chunk.eigenvectors + static_cast<size_t>(kept.column[place]) * kParts;
      for (size_t k = 0; k < kParts; ++k) sparse[k] += kept.value[place] * from[k];
    }
    Lanes* const row = chunk.moved + i * chunk.stride;
    const Lanes* const target = chunk.target + i * chunk.stride;
    Lanes moved[kParts];
    for (size_t k = 0; k < kParts; ++k) {
      const Lanes dual = (row[k] - sparse[k]) * chunk.keep_dual;
      moved[k] = ((sparse[k] - dual) * chunk.rho + target[k]) * chunk.inverse[k] + dual;
      row[k] = moved[k];
    }
    if (near == nullptr) continue;
    for (size_t place = near->first[i]; place < near->first[i + 1]; ++place) {
      const Lanes* const with =
          chunk.eigenvectors + static_cast<size_t>(near->column[place]) * kParts;
      Lanes product = moved[0] * with[0];
      for (size_t k = 1; k < kParts; ++k) product += moved[k] * with[k];
      const float before = chunk.starts_sums ? 0 : near->value[place];
      near->value[place] = before + sum_of(product);
    }
  }
}

const Lanes* lanes(const at::Tensor& tensor) {
  return reinterpret_cast<const Lanes*>(elements<float>(tensor).data());
}

// The elements for which stays(row, place) is true.
template <typename Stays>
SparseRows filtered(const SparseRows& all, const Stays& stays) {
  SparseRows rows;
  rows.first.push_back(0);
  for (size_t i = 0; i + 1 < all.first.size(); ++i) {
    for (size_t place = all.first[i]; place < all.first[i + 1]; ++place) {
      if (!stays(i, place)) continue;
      rows.column.push_back(all.column[place]);
      rows.value.push_back(all.value[place]);
    }
    rows.first.push_back(rows.column.size());
  }
  return rows;
}

}  // namespace

SparseRows SparseRows::of(const at::Tensor& matrix, const at::Tensor& mask) {
  const auto d = static_cast<size_t>(matrix.size(1));
  const auto values = elements<float>(matrix);
  const auto wanted = elements<bool>(mask);
  SparseRows rows;
  rows.first.push_back(0);
  for (size_t begin = 0; begin < wanted.size(); begin += d) {
    for (size_t j = 0; j < d; ++j) {
      if (!wanted[begin + j]) continue;
      rows.column.push_back(static_cast<int32_t>(j));
      rows.value.push_back(values[begin + j]);
    }
    rows.first.push_back(rows.column.size());
  }
  return rows;
}

SparseRows SparseRows::where(const at::Tensor& mask) const {
  const auto d = static_cast<size_t>(mask.size(1));
  const auto wanted = elements<bool>(mask);
  return filtered(*this, [&](size_t row, size_t place) {
    return wanted[row * d + static_cast<size_t>(column[place])];
  });
}

SparseRows SparseRows::chosen(const at::Tensor& chosen) const {
  const auto wanted = elements<bool>(chosen);
  return filtered(*this, [&](size_t, size_t place) { return wanted[place]; });
}

at::Tensor SparseRows::mask(int64_t d) const {
  const auto m = static_cast<int64_t>(first.size()) - 1;
  at::Tensor mask = at::zeros({m, d}, at::TensorOptions(at::kBool));
  const auto marks = elements<bool>(mask);
  for (size_t i = 0; i + 1 < first.size(); ++i) {
    for (size_t place = first[i]; place < first[i + 1]; ++place) {
      marks[i * static_cast<size_t>(d) + static_cast<size_t>(column[place])] = true;
    }
  }
  return mask;
}

EigenProblem EigenProblem::of(const LayerProblem& problem, const at::Tensor& row_weights) {
  const at::Tensor scale = problem.metric.diagonal().sqrt();
  const auto [values, vectors] = at::linalg_eigh((problem.metric / scale).div_(scale.unsqueeze(1)));
  return {values.to(at::kFloat).clamp_min(0), vectors.to(at::kFloat),
          scaled_target(problem, row_weights)};
}

AdmmIterate::AdmmIterate(const EigenProblem& problem)
    : inputs_(problem.vectors.size(0)), values_(in_chunks(problem.values, 1)) {
  const at::Tensor columns = in_chunks(problem.vectors, 0);
  target_ = at::matmul(problem.target, columns);
  moved_ = at::zeros_like(target_);
  transposed_ = columns.t().contiguous();
  chunks_ = columns.view({inputs_, -1, static_cast<int64_t>(kChunk)}).transpose(0, 1).contiguous();
}

at::Tensor AdmmIterate::start() const {
  return at::matmul(target_ / (values_ + kStartRidge), transposed_);
}

void AdmmIterate::advance(const SparseRows& kept, const AdmmStep& step, SparseRows* near) {
  const at::Tensor inverse = (values_ + step.rho).reciprocal_();
  const auto chunks = static_cast<size_t>(chunks_.size(0));
  const auto inputs = static_cast<size_t>(inputs_);
  at::parallel_for(0, target_.size(0), 8, [&](int64_t begin, int64_t end) {
    for (size_t c = 0; c < chunks; ++c) {
      advance_chunk({.eigenvectors = lanes(chunks_) + c * inputs * kParts,
                     .target = lanes(target_) + c * kParts,
                     .moved = const_cast<Lanes*>(lanes(moved_)) + c * kParts,
                     .stride = chunks * kParts,
                     .inverse = lanes(inverse) + c * kParts,
                     .rho = static_cast<float>(step.rho),
                     .keep_dual = step.first ? 0 : static_cast<float>(1 / step.growth),
                     .begin = static_cast<size_t>(begin),
                     .end = static_cast<size_t>(end),
                     .starts_sums = c == 0},
                    kept, near);
    }
  });
}

at::Tensor AdmmIterate::moved() const {
  return at::matmul(moved_, transposed_);
}

}  // namespace ncprune
