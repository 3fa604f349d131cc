#include <ATen/ops/arange.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "ncprune/compile/copies.h"
#include "ncprune/compile/passes.h"

namespace ncprune {
namespace {

constexpr int64_t kVector = 16;  // floats of the widest vector

int64_t whole_vectors(int64_t floats) {
  return (floats + kVector - 1) / kVector * kVector;
}

// Sets of values that must agree on something.
class ValueSets {
 public:
  explicit ValueSets(size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
  }
  ValueId of(ValueId value) const {
    while (parent_[value] != value) value = parent_[value];
    return value;
  }
  void join(ValueId a, ValueId b) { parent_[of(a)] = of(b); }

 private:
  std::vector<ValueId> parent_;
};

bool in_workspace(const Program& program, ValueId value) {
  return program.values[value].place == Place::kWorkspace;
}

// Values of one shape that elementwise steps read and write together.
ValueSets layout_classes(const Program& program) {
  ValueSets classes(program.values.size());
  for (const Step& step : program.steps) {
    if (!std::holds_alternative<MapStep>(step) && !std::holds_alternative<ConvolutionStep>(step)) {
      continue;
    }
    const ValueId out = written_by(step);
    const std::vector<ProgramOperand> operands = operands_of(program, step);
    const size_t first = std::holds_alternative<ConvolutionStep>(step) ? 1 : 0;
    for (size_t k = first; k < operands.size(); ++k) {
      if (operands[k].is_whole(program.values[out].shape) && in_workspace(program, out) &&
          in_workspace(program, operands[k].source) &&
          program.values[operands[k].source].shape == program.values[out].shape) {
        classes.join(out, operands[k].source);
      }
    }
  }
  return classes;
}

// Lets every convolution read and write values whose planes lie along its axis; sets that axis.
void choose_axes(Program& program) {
  const ValueSets classes = layout_classes(program);
  std::vector<int64_t> axis(program.values.size(), -1);  // of the first value of a class
  for (const Step& step : program.steps) {
    const auto* convolution = std::get_if<ConvolutionStep>(&step);
    if (convolution == nullptr) continue;
    for (const ValueId value : {convolution->in, convolution->out}) {
      int64_t& own = axis[classes.of(value)];
      if (in_workspace(program, value) && own < 0) own = convolution->axis;
    }
  }
  for (ValueId value = 0; value < axis.size(); ++value) {
    program.values[value].layout.axis = in_workspace(program, value) ? axis[classes.of(value)] : -1;
  }
  CopyInserter inserter(program);
  const std::vector<Step> steps = std::move(program.steps);
  for (Step step : steps) {
    if (auto* convolution = std::get_if<ConvolutionStep>(&step)) {
      const auto fits = [&](ValueId value) {
        return program.values[value].layout.axis == convolution->axis;
      };
      if (!fits(convolution->in)) {
        convolution->in = inserter.copy(convolution->in);
        program.values[convolution->in].layout.axis = convolution->axis;
      }
      if (!fits(convolution->out)) {
        convolution->out = inserter.written_instead(convolution->out);
        program.values[convolution->out].layout.axis = convolution->axis;
      }
      for (size_t k = 1; k < convolution->operands.size(); ++k) {
        ProgramOperand& operand = convolution->operands[k];
        if (!operand.is_whole(program.values[convolution->out].shape) || fits(operand.source)) {
          continue;
        }
        operand.source = inserter.copy(operand.source);
        program.values[operand.source].layout.axis = convolution->axis;
      }
    }
    inserter.add(std::move(step));
  }
  inserter.finish();
}

// The convolution, if it reads taps at fixed distances from the positions that it writes.
const ConvolutionStep* with_taps(const Step& step) {
  const auto* convolution = std::get_if<ConvolutionStep>(&step);
  return convolution != nullptr && !convolution->windows ? convolution : nullptr;
}

// How far the taps of a convolution reach.
struct Reach {
  int64_t down[2];  // from the first to the last tap
  int64_t right[2];
};

Reach reach_of(const ConvolutionStep& step) {
  Reach reach{{0, 0}, {0, 0}};
  for (const ConvolutionTap& tap : step.taps) {
    reach.down[0] = std::min(reach.down[0], tap.down);
    reach.down[1] = std::max(reach.down[1], tap.down);
    reach.right[0] = std::min(reach.right[0], tap.right);
    reach.right[1] = std::max(reach.right[1], tap.right);
  }
  return reach;
}

// The memory around a value that convolutions read beside its elements.
struct Surroundings {
  int64_t gap_rows = 0;
  int64_t before = 0;  // floats before the first plane
  int64_t after = 0;   // floats after the start of the last plane
};

// Gives rows that fit in one line of the cache, with what convolutions read beside them, a line
// each. Loads across two lines take twice as long, and the kernels wait for little else.
void set_leads(Program& program, const ValueSets& rows_agree) {
  struct Line {
    int64_t columns = 0;
    int64_t left = 0;
    int64_t right = 0;
    bool worthwhile = false;
    bool fits = true;
    bool equal = true;  // all rows are equally long
  };
  std::vector<Line> lines(program.values.size());
  for (ValueId value = 0; value < program.values.size(); ++value) {
    const ValueLayout& layout = program.values[value].layout;
    Line& line = lines[rows_agree.of(value)];
    line.equal = line.equal && (line.columns == 0 || line.columns == layout.columns);
    line.columns = std::max(line.columns, layout.columns);
    line.fits = line.fits && layout.axis >= 0 && layout.rows > 1;
  }
  for (const Step& step : program.steps) {
    const ConvolutionStep* convolution = with_taps(step);
    if (convolution == nullptr) continue;
    const Reach reach = reach_of(*convolution);
    const ValueLayout& in = program.values[convolution->in].layout;
    const ValueLayout& out = program.values[convolution->out].layout;
    Line& line = lines[rows_agree.of(convolution->in)];
    line.left = std::max(line.left, -reach.right[0]);
    line.right = std::max(line.right, out.columns + reach.right[1] - line.columns);
    line.worthwhile = line.worthwhile || reach.right[0] < 0 || reach.right[1] > 0;
    line.fits = line.fits && in.columns >= out.columns && convolution->axis == 1;
  }
  for (ValueId value = 0; value < program.values.size(); ++value) {
    const Line& line = lines[rows_agree.of(value)];
    // Rows of whole vectors of 8, half a line each: taps above and below never lie across two
    // lines, taps beside only for every second vector.
    const int64_t vectors = line.columns / 8;
    const bool whole = line.columns % 8 == 0 && vectors >= 2 && (vectors <= 8 || vectors % 2 == 0);
    // A row of seven and one between it and the next: half as many lines as with a line each.
    const bool seven = line.columns == 7 && line.left <= 1 && line.right <= 1;
    if (line.fits && line.worthwhile && line.equal &&
        (seven || (whole && line.left <= 7 && line.right <= 7))) {
      program.values[value].layout.lead = kRowsLead;
      continue;
    }
    // Half vectors of 8 cover a row of up to 14 elements twice at most.
    const int64_t lead = line.columns <= 8 ? 4 : (kVector - line.columns) / 2;  // never 8
    const int64_t covered = std::max<int64_t>(line.columns, 8);
    const bool fits = line.fits && line.worthwhile && line.columns >= 5 && line.columns <= 14 &&
                      line.left <= lead && lead + covered + line.right <= kVector;
    if (fits && program.values[value].layout.axis >= 0) program.values[value].layout.lead = lead;
  }
}

void set_strides(Program& program) {
  for (ProgramValue& value : program.values) set_positions(value);
  ValueSets rows_agree(program.values.size());
  const ValueSets classes = layout_classes(program);
  for (ValueId value = 0; value < program.values.size(); ++value) {
    const ValueId other = classes.of(value);
    if (program.values[value].layout.axis == program.values[other].layout.axis) {
      rows_agree.join(value, other);
    }
  }
  std::vector<int64_t> stride(program.values.size(), 1);
  std::vector<Surroundings> around(program.values.size());
  const auto each = [&](auto visit) {
    for (const Step& step : program.steps) {
      if (const ConvolutionStep* convolution = with_taps(step)) visit(*convolution);
    }
  };
  each([&](const ConvolutionStep& step) { rows_agree.join(step.in, step.out); });
  for (ValueId value = 0; value < program.values.size(); ++value) {
    int64_t& own = stride[rows_agree.of(value)];
    own = std::max(own, program.values[value].layout.columns);
  }
  each([&](const ConvolutionStep& step) {
    ValueLayout& in = program.values[step.in].layout;
    const ValueLayout& out = program.values[step.out].layout;
    const Reach reach = reach_of(step);
    const int64_t left = -reach.right[0];
    const int64_t right = std::max<int64_t>(0, out.columns + reach.right[1] - in.columns);
    const int64_t top = -reach.down[0];
    const int64_t bottom = std::max<int64_t>(0, out.rows + reach.down[1] - in.rows);
    int64_t& own = stride[rows_agree.of(step.in)];
    own = std::max(own, in.columns + std::max(left, right));
    around[step.in].gap_rows = std::max({around[step.in].gap_rows, top, bottom});
    in.clean = in.clean || left > 0 || right > 0 || top > 0 || bottom > 0;
  });
  set_leads(program, rows_agree);
  for (ValueId value = 0; value < program.values.size(); ++value) {
    ValueLayout& layout = program.values[value].layout;
    if (layout.axis < 0) continue;
    layout.row_stride = stride[rows_agree.of(value)];
    if (layout.lead == kRowsLead) layout.row_stride = (layout.row_stride + 7) / 8 * 8;
    if (layout.lead > 0 && layout.lead != kRowsLead) layout.row_stride = kVector;
    layout.used = whole_vectors((layout.rows - 1) * layout.row_stride +
                                std::max<int64_t>(layout.columns, layout.lead > 0 ? 8 : 0));
    const int64_t gap = around[value].gap_rows;
    const int64_t rows = layout.clean ? (layout.rows + gap) * layout.row_stride : 0;
    const int64_t lines = layout.lead > 0 ? layout.lines() * kVector : 0;
    layout.plane_stride = whole_vectors(std::max({layout.used, rows, lines}));
    // Planes a large power of two apart would compete for the same lines of the cache.
    if (layout.planes > 1 && layout.plane_stride % 256 == 0) layout.plane_stride += kVector;
  }
  each([&](const ConvolutionStep& step) {
    const ValueLayout& in = program.values[step.in].layout;
    const ValueLayout& out = program.values[step.out].layout;
    const Reach reach = reach_of(step);
    Surroundings& own = around[step.in];
    own.before = std::max(own.before, -(reach.down[0] * in.row_stride + reach.right[0]));
    const int64_t read = std::max(out.used, out.lines() * kVector - out.lead);
    own.after = std::max(own.after, read + reach.down[1] * in.row_stride + reach.right[1]);
  });
  for (ValueId value = 0; value < program.values.size(); ++value) {
    ValueLayout& layout = program.values[value].layout;
    if (layout.axis < 0) continue;
    layout.origin = whole_vectors(around[value].before) + layout.lead;
    layout.size = whole_vectors(layout.origin) + (layout.planes - 1) * layout.plane_stride +
                  whole_vectors(std::max(layout.plane_stride, around[value].after));
  }
}

}  // namespace

at::Tensor memory_offsets(const ProgramValue& value) {
  const ValueLayout& layout = value.layout;
  if (layout.axis < 0) {
    return at::arange(element_count(value.shape), at::kLong).reshape(value.shape);
  }
  std::vector<int64_t> others = value.shape;
  others[static_cast<size_t>(layout.axis)] = 1;
  const at::Tensor rows = at::arange(layout.rows, at::kLong) * layout.row_stride;
  const at::Tensor columns = at::arange(layout.columns, at::kLong);
  std::vector<int64_t> planes(value.shape.size(), 1);
  planes[static_cast<size_t>(layout.axis)] = layout.planes;
  return (rows.unsqueeze(1) + columns).reshape(others) +
         (at::arange(layout.planes, at::kLong) * layout.plane_stride + layout.origin)
             .reshape(planes);
}

at::Tensor memory_offsets(const Program& program, const ProgramOperand& operand) {
  const at::Tensor all = memory_offsets(program.values[operand.source]);
  if (!operand.index.defined()) return all.reshape(operand.shape);
  return all.flatten().index_select(0, operand.index.flatten()).reshape(operand.shape);
}

Program assign_layouts(Program program) {
  choose_axes(program);
  set_strides(program);
  return insert_copies(std::move(program));
}

}  // namespace ncprune
