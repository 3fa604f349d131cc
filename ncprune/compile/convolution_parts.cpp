#include "ncprune/compile/convolution_parts.h"

#include <algorithm>
#include <numeric>

#include "ncprune/compile/convolution_blocks.h"

namespace ncprune {
namespace {

// Positions at a time: the rows of the input that a tile reads should stay in the first cache.
int64_t tile_of(const ConvolutionStep& step, const ValueLayout& in) {
  const int64_t planes = std::max<int64_t>(in.planes / std::max<int64_t>(step.groups, 1), 1);
  const int64_t fits = int64_t{7168} / planes / 16 * 16;
  return std::clamp<int64_t>(fits, 96, 128);
}

// How many ranges of planes a convolution is split into. The planes of a range stay in the first
// cache while all outputs of a tile read them. Blocks with few columns are not split, since every
// part reads and writes the whole result. `reach`: the largest distance between two taps.
int64_t number_of_parts(const ConvolutionStep& step, const BlockedWeights& packed,
                        const ValueLayout& in, int64_t positions, int64_t reach) {
  constexpr int64_t kCache = 8192;  // floats
  constexpr int64_t kFewest = 16;   // columns of a block in a part, on average
  if (step.groups > 1) return 1;
  const int64_t wanted = (in.planes * (positions + reach) + kCache - 1) / kCache;
  const int64_t most = std::ssize(packed.taps) / (std::ssize(packed.columns) * kFewest);
  return wanted <= most ? wanted : 1;
}

// Outputs with equally many columns one after the other: the processor then foresees where their
// columns end. For blocks of one row.
ConvolutionPart sorted_by_columns(const ConvolutionPart& part) {
  std::vector<int64_t> begin(part.columns.size());
  std::exclusive_scan(part.columns.begin(), part.columns.end(), begin.begin(), int64_t{0});
  std::vector<size_t> order(part.columns.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return part.columns[a] < part.columns[b]; });
  ConvolutionPart sorted;
  for (const size_t block : order) {
    sorted.outputs.push_back(part.outputs[block]);
    sorted.bias.push_back(part.bias[block]);
    sorted.columns.push_back(part.columns[block]);
    const auto append = [&](auto& to, const auto& from) {
      const auto first = from.begin() + begin[block];
      to.insert(to.end(), first, first + part.columns[block]);
    };
    append(sorted.distances, part.distances);
    append(sorted.weights, part.weights);
  }
  return sorted;
}

}  // namespace

PartedConvolution parted(const ConvolutionStep& step, const ValueLayout& in,
                         const ValueLayout& out) {
  const BlockedWeights packed = blocked(step);
  PartedConvolution result{packed.rows, tile_of(step, in), 0, {}};
  int64_t last = 0;
  for (const ConvolutionTap& tap : step.taps) {
    const int64_t distance = tap.down * in.row_stride + tap.right;
    result.first = std::min(result.first, distance);
    last = std::max(last, distance);
  }
  const int64_t count =
      number_of_parts(step, packed, in, std::min(out.used, result.tile), last - result.first);
  result.parts.resize(static_cast<size_t>(count));
  for (ConvolutionPart& part : result.parts) {
    part.outputs = packed.outputs;
    part.bias.resize(packed.outputs.size());
    part.columns.resize(packed.columns.size());
  }
  const at::Tensor bias = step.bias.to(at::kFloat).contiguous();
  for (size_t row = 0; row < packed.outputs.size(); ++row) {
    result.parts[0].bias[row] = bias[packed.outputs[row]].item<float>();
  }
  const int64_t per_group = step.weight.size(0) / step.groups;
  const auto rows = static_cast<size_t>(packed.rows);
  size_t column = 0;
  for (size_t block = 0; block < packed.columns.size(); ++block) {
    const int64_t first_plane = packed.outputs[block * rows] / per_group * step.group_planes;
    for (int64_t k = 0; k < packed.columns[block]; ++k, ++column) {
      const ConvolutionTap& tap = step.taps[static_cast<size_t>(packed.taps[column])];
      const int64_t plane = first_plane + tap.plane;
      ConvolutionPart& part = result.parts[static_cast<size_t>(plane * count / in.planes)];
      ++part.columns[block];
      part.distances.push_back(plane * in.plane_stride + tap.down * in.row_stride + tap.right -
                               result.first);
      const auto weights = packed.weights.begin() + static_cast<int64_t>(column * rows);
      part.weights.insert(part.weights.end(), weights, weights + packed.rows);
    }
  }
  if (rows == 1) {
    for (ConvolutionPart& part : result.parts) part = sorted_by_columns(part);
  }
  return result;
}

}  // namespace ncprune
