#include "ncprune/model/rows.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <numeric>

#include "ncprune/model/windows.h"

namespace ncprune {
namespace {

int64_t count_of(const std::vector<int64_t>& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1}, std::multiplies<>());
}

Windows slide(const Convolution& convolution, const at::Tensor& input) {
  return windows_over(convolution.node, input.sizes(), convolution.kernel);
}

// The patches of an input [N, C, ...]: element j of the patch at position p is origins[p] +
// offsets[j] behind the first element of the sample in `padded`.
struct Patches {
  at::Tensor padded;  // contiguous
  std::vector<int64_t> origins;
  std::vector<int64_t> offsets;
};

// All sums of one term from each list; the terms of the last list change fastest.
std::vector<int64_t> sums_of(const std::vector<std::vector<int64_t>>& lists) {
  std::vector<int64_t> sums{0};
  for (const std::vector<int64_t>& list : lists) {
    std::vector<int64_t> next;
    next.reserve(sums.size() * list.size());
    for (const int64_t sum : sums) {
      for (const int64_t term : list) next.push_back(sum + term);
    }
    sums = std::move(next);
  }
  return sums;
}

std::vector<int64_t> multiples(int64_t step, int64_t count) {
  std::vector<int64_t> all;
  for (int64_t i = 0; i < count; ++i) all.push_back(i * step);
  return all;
}

Patches patches_of(const Convolution& convolution, const at::Tensor& input) {
  const Windows windows = slide(convolution, input);
  const at::Tensor padded = pad_windows(convolution.node, input, windows, 0).contiguous();
  std::vector<std::vector<int64_t>> positions;
  std::vector<std::vector<int64_t>> taps{multiples(padded.stride(1), padded.size(1))};
  for (size_t a = 0; a < windows.axes(); ++a) {
    const int64_t step = padded.stride(static_cast<int64_t>(a) + 2);
    positions.push_back(multiples(step * windows.strides[a], windows.positions[a]));
    taps.push_back(multiples(step * windows.dilations[a], windows.kernel[a]));
  }
  return {padded, sums_of(positions), sums_of(taps)};
}

// Row i is the patch at starts[i], [N, P]: where it begins in its sample.
template <typename T>
void copy_patches(const Patches& patches, const at::Tensor& starts, const at::Tensor& rows) {
  constexpr int64_t kRows = 64;  // the least share of a thread
  const T* const from = elements<T>(patches.padded).data();
  const auto start = elements<int64_t>(starts);
  const auto to = elements<T>(rows);
  const size_t width = patches.offsets.size();
  at::parallel_for(0, rows.size(0), kRows, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto r = static_cast<size_t>(i);
      const T* const patch = from + i / starts.size(1) * patches.padded.stride(0) + start[r];
      T* const row = &to[r * width];
      for (size_t j = 0; j < width; ++j) row[j] = patch[patches.offsets[j]];
    }
  });
}

at::Tensor rows_of(const Patches& patches, const RowChoice& choice) {
  const at::Tensor& padded = patches.padded;
  const auto width = std::ssize(patches.offsets);
  const at::TensorOptions whole = padded.options().dtype(at::kLong);
  const at::Tensor origins = at::tensor(patches.origins, whole);
  const at::Tensor starts =
      choice.positions.defined()
          ? origins.index_select(0, choice.positions.flatten()).view(choice.positions.sizes())
          : origins.expand({choice.samples, choice.per_sample}).contiguous();
  if (!padded.device().is_cpu()) {
    const at::Tensor places = starts.unsqueeze(2) + at::tensor(patches.offsets, whole);
    return padded.flatten(1).gather(1, places.flatten(1)).view({-1, width});
  }
  at::Tensor rows = at::empty({choice.samples * choice.per_sample, width}, padded.options());
  AT_DISPATCH_FLOATING_TYPES(padded.scalar_type(), "input_rows",
                             [&] { copy_patches<scalar_t>(patches, starts, rows); });
  return rows;
}

// `values` [N, P', c] at the chosen positions, [N * P, c].
at::Tensor at_positions(const at::Tensor& values, const RowChoice& choice) {
  const int64_t width = values.size(2);
  if (!choice.positions.defined()) return values.reshape({-1, width});
  return values
      .gather(1, choice.positions.unsqueeze(2).expand({choice.samples, choice.per_sample, width}))
      .reshape({-1, width});
}

}  // namespace

RowChoice every_row(const Layer& layer, const at::Tensor& input, int64_t samples) {
  if (layer.convolution) {
    return {samples, count_of(slide(*layer.convolution, input).positions), {}};
  }
  return {samples, samples == 0 ? 0 : input.numel() / (samples * input.size(-1)), {}};
}

RowChoice choose_rows(const Layer& layer, const at::Tensor& input, int64_t samples,
                      const RowLimit& limit) {
  RowChoice all = every_row(layer, input, samples);
  if (all.per_sample <= limit.most) return all;
  // Multiples of the golden ratio fill [0, 1) evenly, however many samples there are.
  constexpr double kGolden = 0.6180339887498949;
  const at::TensorOptions options = input.options().dtype(at::kDouble);
  const at::Tensor turns = at::arange(limit.first, limit.first + samples, options) * kGolden;
  const at::Tensor offset = turns - turns.floor();
  const double step = static_cast<double>(all.per_sample) / static_cast<double>(limit.most);
  const at::Tensor places = at::arange(limit.most, options) + offset.unsqueeze(1);
  return {samples, limit.most, (places * step).floor().to(at::kLong).clamp_max(all.per_sample - 1)};
}

at::Tensor input_rows(const Layer& layer, const at::Tensor& input, const RowChoice& choice) {
  if (!layer.convolution) {
    return at_positions(input.reshape({choice.samples, -1, input.size(-1)}), choice);
  }
  const at::Tensor channels = share_of(layer, input, 1);
  return rows_of(patches_of(*layer.convolution, channels), choice);
}

at::Tensor output_rows(const Layer& layer, const at::Tensor& output, const RowChoice& choice) {
  if (layer.convolution) {
    return at_positions(share_of(layer, output, 1).flatten(2).transpose(1, 2), choice);
  }
  return at_positions(output.reshape({choice.samples, -1, output.size(-1)}), choice);
}

at::Tensor unit_means(const Layer& layer, const at::Tensor& output, int64_t samples) {
  if (layer.convolution) return share_of(layer, output, 1).flatten(2).mean(2);
  const at::Tensor rows = output.reshape({samples, -1, output.size(-1)});
  return rows.size(1) == 1 ? rows.squeeze(1) : rows.mean(1);
}

}  // namespace ncprune
