#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ncprune/compile/compile.h"
#include "ncprune/compile/program.h"

namespace ncprune {

inline constexpr int64_t kMaxShort = 65535;  // of a number that is written as uint16_t

// Which gaps of a value are meant: those before and behind what its planes use; also what they use
// behind their last row; also those between rows.
enum class Gaps { kBehindUsed, kBehindRows, kAll };

// Collects the parts of a C file. Internal to this folder.
class SourceWriter {
 public:
  SourceWriter(const Program& program, WeightType weights)
      : program_(program), weights_(weights), floats_used_(program.workspace) {}

  const Program& program() const { return program_; }
  const ProgramValue& value(ValueId id) const { return program_.values[id]; }
  WeightType weights() const { return weights_; }

  // A constant array; its name. Equal arrays are written once. Throws InputError when all of them
  // exceed 512 MiB.
  std::string floats(const at::Tensor& numbers);
  std::string floats(const std::vector<float>& numbers);
  std::string integers(const std::vector<int64_t>& numbers, const std::string& type);
  // Weights, as floats or as the bits of half precision.
  std::string weight_array(const at::Tensor& numbers);
  std::string weight_array(const std::vector<float>& numbers);

  // Names the C file of kernels/ and, unless empty, a line that makes a kernel of its macros.
  void use(const std::string& file, const std::string& kernel = "");
  std::string fresh(const std::string& stem);
  void add_function(const std::string& text) { functions_ += text; }
  void add_call(const std::string& text) { calls_ += "  " + text + "\n"; }

  // C for the address of the first float of a value's memory, plus `offset`.
  std::string memory(ValueId id, int64_t offset = 0) const;
  // C for the address of memory that only the calling step uses.
  std::string scratch(int64_t floats);
  // C for the address of a mask with a number for each position of a plane.
  std::string mask(const ValueLayout& layout);
  // Whether the gaps of a value are zero from a value that lay there before.
  bool has_clean_gaps(ValueId id) const;
  // Adds calls that zero the gaps of a value, unless they are.
  void clear_gaps(ValueId id, Gaps gaps);
  // Says that a step has written the value: what lay in its memory is gone.
  void wrote(ValueId id);

  int64_t workspace_floats() const { return floats_used_; }
  int64_t constant_bytes() const { return constant_bytes_; }
  // Kernels, constants and functions, in the order C needs them.
  std::string definitions() const;
  const std::string& prologue() const { return prologue_; }
  const std::string& calls() const { return calls_; }

 private:
  template <typename Number>
  std::string array(const std::string& type, std::vector<Number> numbers);

  const Program& program_;
  WeightType weights_;
  int64_t floats_used_;
  int64_t constant_bytes_ = 0;
  int64_t names_ = 0;
  std::set<std::string> files_;
  std::set<std::string> kernels_;
  std::map<std::string, std::string> arrays_;  // by type and bytes: C for the array
  std::map<std::string, std::string> masks_;
  // By offset in the workspace: values whose gaps are zero now.
  std::map<int64_t, ValueLayout> clean_;
  std::string constants_, functions_, prologue_, calls_;
};

// Writes the C of one step. A step of another kind is not written.
void write_elementwise(SourceWriter& writer, const Step& step);
void write_convolution(SourceWriter& writer, const ConvolutionStep& step);
void write_product(SourceWriter& writer, const ProductStep& step);
void write_other(SourceWriter& writer, const Step& step);

// How a step that goes along the positions of a plane reads an operand.
struct RowOperand {
  std::string setup;  // C statements before the loop over positions, with `plane` and `position`
  std::string text;   // C for the element at position `i`
  bool regular = true;
  bool along = false;  // an element for each position, not one for all of a plane
  // Of values whose rows lie like those of the result: where, and how far apart its planes are.
  int64_t base = -1;
  int64_t stride = 0;
};

// `index`: makes names in the setup unique. `layout`: of the value that is written.
RowOperand row_operand(SourceWriter& writer, const ProgramOperand& operand,
                       const ValueLayout& layout, size_t index);

// C statements that compute the operations from `arguments`, and C for the result.
struct ExpressionText {
  std::string statements;
  std::string result;
};
ExpressionText expression_text(const std::vector<ScalarOperation>& operations,
                               const std::vector<std::string>& arguments);

}  // namespace ncprune
