#include "ncprune/model/rows.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/index.h>

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

// A view of every patch of `input` [N, C, ...]: [N, positions..., C, kernel...].
at::Tensor patches(const Convolution& convolution, const at::Tensor& input) {
  const Windows windows = slide(convolution, input);
  const at::Tensor padded = pad_windows(convolution.node, input, windows, 0).contiguous();
  std::vector<int64_t> sizes{input.size(0)};
  std::vector<int64_t> strides{padded.stride(0)};
  const auto add_axes = [&](const std::vector<int64_t>& counts, const std::vector<int64_t>& steps) {
    for (size_t a = 0; a < windows.axes(); ++a) {
      sizes.push_back(counts[a]);
      strides.push_back(padded.stride(static_cast<int64_t>(a) + 2) * steps[a]);
    }
  };
  add_axes(windows.positions, windows.strides);
  sizes.push_back(input.size(1));
  strides.push_back(padded.stride(1));
  add_axes(windows.kernel, windows.dilations);
  return padded.as_strided(sizes, strides);
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
  const at::Tensor all = patches(*layer.convolution, channels);
  const int64_t axes = std::ssize(layer.convolution->kernel);
  const int64_t width = channels.size(1) * count_of(layer.convolution->kernel);
  if (!choice.positions.defined()) return all.reshape({-1, width});
  // One index per axis of a position, the last axis first.
  std::vector<at::Tensor> place(static_cast<size_t>(axes));
  at::Tensor rest = choice.positions;
  for (int64_t a = axes; a-- > 0;) {
    place[static_cast<size_t>(a)] = rest.remainder(all.size(a + 1));
    rest = rest.div(all.size(a + 1), "floor");
  }
  c10::List<c10::optional<at::Tensor>> indices;
  indices.push_back(at::arange(choice.samples, choice.positions.options()).unsqueeze(1));
  for (const at::Tensor& index : place) indices.push_back(index);
  return at::index(all, indices).reshape({-1, width});
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
