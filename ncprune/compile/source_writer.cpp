#include "ncprune/compile/source_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "ncprune/base/error.h"
#include "ncprune/compile/kernels.h"
#include "ncprune/compile/lowering.h"

namespace ncprune {
namespace {

constexpr int64_t kMaxConstantBytes = int64_t{512} << 20;

int64_t bytes_of(const std::string& type) {
  return type == "uint16_t" ? 2 : 4;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

}  // namespace

std::string SourceWriter::array(const std::string& type, const std::string& text, int64_t count) {
  const std::string definition = fmt::format("{}[{}] = {{{}}};\n", type, count, text);
  const auto [place, is_new] = arrays_.try_emplace(definition, "");
  if (!is_new) return place->second;
  constant_bytes_ += count * bytes_of(type);
  if (constant_bytes_ > kMaxConstantBytes) {
    throw InputError("the compiled network would have more than 512 MB of constants");
  }
  place->second = fresh("data");
  constants_ += fmt::format("static const {} {}[{}] NC_CACHE_LINE = {{{}}};\n", type,
                            place->second, count, text);
  return place->second;
}

std::string SourceWriter::floats(const at::Tensor& numbers) {
  const at::Tensor flat = numbers.to(at::kFloat).flatten().contiguous();
  fmt::memory_buffer text;
  int64_t column = 0;
  for (const float number : elements<float>(flat)) {
    if (column++ % 12 == 0) text.push_back('\n');
    fmt::format_to(std::back_inserter(text), "{},", c_number(number));
  }
  return array("float", fmt::to_string(text), std::max<int64_t>(flat.numel(), 1));
}

std::string SourceWriter::integers(const std::vector<int64_t>& numbers, const std::string& type) {
  fmt::memory_buffer text;
  int64_t column = 0;
  for (const int64_t number : numbers) {
    if (column++ % 20 == 0) text.push_back('\n');
    fmt::format_to(std::back_inserter(text), "{},", number);
  }
  if (numbers.empty()) text.push_back('0');
  return array(type, fmt::to_string(text), std::max<int64_t>(static_cast<int64_t>(numbers.size()), 1));
}

std::string SourceWriter::weight_array(const at::Tensor& numbers) {
  if (weights_ == WeightType::kFloat) return floats(numbers);
  const at::Tensor half = numbers.to(at::kHalf).flatten().contiguous();
  if (!half.to(at::kFloat).isfinite().all().item<bool>()) {
    throw InputError("a weight is too large for float16");
  }
  const auto* bits = static_cast<const uint16_t*>(half.data_ptr());
  return integers({bits, bits + half.numel()}, "uint16_t");
}

void SourceWriter::use(const std::string& file, const std::string& kernel) {
  files_.insert(file);
  if (!kernel.empty()) kernels_.insert(kernel);
}

std::string SourceWriter::fresh(const std::string& stem) {
  return fmt::format("nc_{}_{}", stem, names_++);
}

std::string SourceWriter::memory(ValueId id, int64_t offset) const {
  const ProgramValue& own = program_.values[id];
  if (own.place == Place::kInput) return fmt::format("(input + {})", offset);
  if (own.place == Place::kOutput) return fmt::format("(output + {})", offset);
  return fmt::format("(ws + {})", own.offset + offset);
}

std::string SourceWriter::mask(const ValueLayout& layout) {
  const std::string shape = fmt::format("{}, {}, {}, {}", layout.rows, layout.columns,
                                        layout.row_stride, layout.used);
  const auto [place, is_new] = masks_.try_emplace(shape, "");
  if (is_new) {
    place->second = fmt::format("((const int32_t*)(const void*)(ws + {}))", floats_used_);
    prologue_ += fmt::format("  nc_fill_mask(ws + {}, {});\n", floats_used_, shape);
    floats_used_ += layout.used;
  }
  return place->second;
}

void SourceWriter::clear_gaps(ValueId id) {
  const ValueLayout& layout = value(id).layout;
  add_call(fmt::format("nc_clear_gaps({}, {}, {}, {}, {}, {});", memory(id), layout.origin,
                       layout.planes, layout.plane_stride, layout.used, layout.size));
}

void SourceWriter::clear(ValueId id) {
  add_call(fmt::format("memset({}, 0, {} * sizeof(float));", memory(id), value(id).layout.size));
}

std::string SourceWriter::definitions() const {
  std::string text(kernel_text("base"));
  for (const std::string& file : files_) text += "\n" + std::string(kernel_text(file));
  text += "\n";
  for (const std::string& kernel : kernels_) text += kernel + "\n";
  return text + "\n" + constants_ + "\n" + functions_;
}

ExpressionText expression_text(const std::vector<ScalarOperation>& operations,
                               const std::vector<std::string>& arguments) {
  ExpressionText all{"", operations.empty() ? arguments.front() : ""};
  for (size_t i = 0; i < operations.size(); ++i) {
    std::string text = operations[i].text;
    for (size_t k = 0; k < operations[i].arguments.size(); ++k) {
      const int64_t argument = operations[i].arguments[k];
      const std::string own = argument >= 0 ? arguments[static_cast<size_t>(argument)]
                                            : fmt::format("t{}", -argument - 1);
      replace_all(text, fmt::format("{{{}}}", k), own);
    }
    all.result = fmt::format("t{}", i);
    all.statements += fmt::format("const float {} = {}; ", all.result, text);
  }
  return all;
}

}  // namespace ncprune
