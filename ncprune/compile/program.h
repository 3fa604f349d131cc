#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// What compile() makes of a network before it writes C: values of known shapes, for one sample, and
// the steps that compute them. Internal to this folder.

using ValueId = size_t;  // index into Program::values

enum class Place { kWorkspace, kInput, kOutput };

// How the elements of a value lie in memory, in floats. With `axis` >= 0 every index of that axis
// is a plane: the other axes, in row-major order, are `rows` rows of `columns` elements,
// `row_stride` apart. A convolution then reads a tap at one distance from every position. With a
// `lead`, rows are lines of the cache, 16 floats, and begin so many floats after the start of one,
// so that a vector of a row never lies across two lines. The gaps between rows and planes stand for
// padding if they are `clean` (zero).
struct ValueLayout {
  int64_t axis = -1;  // of the planes; -1: all elements in row-major order, without gaps
  int64_t planes = 1;
  int64_t rows = 1;
  int64_t columns = 1;
  int64_t row_stride = 1;
  int64_t plane_stride = 1;
  int64_t lead = 0;
  int64_t used = 1;    // of a plane: from its first position to the end of its last whole vector
  int64_t origin = 0;  // of the first element, from the start of the value's memory
  int64_t size = 1;    // of the value's memory
  bool clean = false;

  // The lines of the cache that the rows of a plane lie in, from `lead` floats before the first.
  int64_t lines() const { return (lead + (rows - 1) * row_stride + columns + 15) / 16; }
  bool operator==(const ValueLayout&) const = default;
};

struct ProgramValue {
  std::vector<int64_t> shape;  // of one sample; axis 0 of most values is the batch, 1
  Place place = Place::kWorkspace;
  ValueLayout layout = {};
  int64_t offset = 0;  // in the workspace, in floats; a multiple of 16
};

// What a step reads: constants, or elements of a value. Element i (row-major) of the operand is
// element index[i] of `source`, or element i if `index` is undefined.
struct ProgramOperand {
  at::Tensor constant = {};  // float or double, of `shape`
  ValueId source = 0;
  at::Tensor index = {};  // int64, of `shape`
  std::vector<int64_t> shape = {};

  bool is_constant() const { return constant.defined(); }
  bool is_whole(const std::vector<int64_t>& of) const {
    return !is_constant() && !index.defined() && shape == of;
  }
};

// One operation on numbers: C text with {0}, {1}, ... for its arguments. An argument >= 0 is the
// step's operand of that index; -1 is the result of the first operation, -2 of the second, ...
struct ScalarOperation {
  std::string text;
  std::vector<int64_t> arguments;
};

// Elementwise: every operand has the shape of `out`. The result is that of the last operation, or
// the first operand when there is none.
struct MapStep {
  ValueId out;
  std::vector<ProgramOperand> operands;
  std::vector<ScalarOperation> operations;
};

// Writes the parts of `out` that `targets` select, element by element; the rest is `fill`.
struct AssembleStep {
  ValueId out;
  std::vector<ProgramOperand> parts;
  std::vector<at::Tensor> targets;  // int64, of the part's shape: indices into `out`
  double fill = 0;
  bool fills = false;  // whether elements are left to `fill`
};

// A tap of a convolution: the plane it reads, counted from the first channel of the group, and the
// distance to the position that is computed.
struct ConvolutionTap {
  int64_t plane;
  int64_t down;
  int64_t right;
};

// The windows over planes of `size` rows and columns; a value with one spatial axis is a single
// row.
struct PlaneWindows {
  int64_t kernel[2];
  int64_t stride[2];
  int64_t dilation[2];
  int64_t pad[2];  // before the first element
  int64_t size[2];
};

// out[m] = bias[m] + sum over taps k of weight[m, k] * (the plane of the tap, moved). Strides are
// already resolved: `in` has planes for each phase of the stride. A fully connected layer at many
// positions is one with a single row. `operations` follow; operand 0 is the result.
// With `windows` there are no taps: plane m is the sum over windows of the plane m of `groups` that
// `in` has, each for M / groups outputs, with weight [M, rows x columns of the kernel].
struct ConvolutionStep {
  ValueId in;
  ValueId out;
  int64_t axis;       // of the planes of both
  at::Tensor weight;  // [M, taps], float
  at::Tensor bias;    // [M], double
  int64_t groups = 1;
  int64_t group_planes = 0;  // planes from one group's first channel to the next one's
  std::vector<ConvolutionTap> taps;
  std::optional<PlaneWindows> windows = {};
  std::vector<ProgramOperand> operands = {};
  std::vector<ScalarOperation> operations = {};
};

// out[m] = bias[m] + sum over k of weight[m, k] * in[k]: a fully connected layer at one position.
struct ProductStep {
  ProgramOperand in;
  ValueId out;
  at::Tensor weight;  // [M, K], float
  at::Tensor bias;    // [M], double
  bool rectified = false;
};

enum class ReductionKind { kSum, kProduct, kMax, kMin };

// Reduces the elementwise result of the operands (all of one shape) into out[target[i]], scaled.
struct ReductionStep {
  ValueId out;
  std::vector<ProgramOperand> operands;
  std::vector<ScalarOperation> operations;
  at::Tensor target;  // int64, of the operands' shape
  ReductionKind kind = ReductionKind::kSum;
  double scale = 1;
};

// Splits the planes of `in`, [1, C, rows, columns] (or without rows), into phases: phase (a, b) of
// a plane holds every stride-th element from row a and column b on. The C planes of the first phase
// come first; where a phase has fewer elements than the largest one, zeros follow.
struct PhasesStep {
  ProgramOperand in;
  ValueId out;
  int64_t stride[2];
  std::vector<std::pair<int64_t, int64_t>> phases;
};

// Pooling of planes [1, C, rows, columns] (or without rows).
struct PoolStep {
  ProgramOperand in;
  ValueId out;
  bool maximum;
  PlaneWindows windows;
  at::Tensor divisor;  // of averages, for each position: [rows, columns], float
};

// out[b, m, n] = scale * sum over k of left[b, m, k] * right[b, k, n].
struct MatrixProductStep {
  ProgramOperand left;
  ProgramOperand right;
  ValueId out;
  int64_t batch, rows, inner, columns;
};

// Along one axis every element is a weighted sum of few: out[o, i, r] = sum over t of weight[i, t]
// * in[o, index[i, t], r].
struct ResampleStep {
  ProgramOperand in;  // shape [outer, size, inner] when flattened
  ValueId out;
  int64_t outer, in_size, out_size, inner, taps;
  at::Tensor index;   // [out_size, taps], int64
  at::Tensor weight;  // [out_size, taps], float
};

using Step = std::variant<MapStep, AssembleStep, ConvolutionStep, ProductStep, ReductionStep,
                          PhasesStep, PoolStep, MatrixProductStep, ResampleStep>;

struct Program {
  std::vector<ProgramValue> values;
  std::vector<Step> steps;
  ValueId input = 0;
  ValueId output = 0;
  int64_t workspace = 0;  // floats
};

// The value that a step writes.
ValueId written_by(const Step& step);

// The operands of a step, in order; the input of a convolution comes first, as a whole value.
std::vector<ProgramOperand> operands_of(const Program& program, const Step& step);

int64_t element_count(const std::vector<int64_t>& shape);

}  // namespace ncprune
