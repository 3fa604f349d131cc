#include "ncprune/compile/source_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "ncprune/base/error.h"
#include "ncprune/compile/kernels.h"
#include "ncprune/compile/lowering.h"

namespace ncprune {
namespace {

constexpr int64_t kMaxConstantBytes = int64_t{512} << 20;

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// The array in numbers, for people to read.
template <typename Number, typename Text>
std::string listed(const std::vector<Number>& numbers, Text text_of) {
  fmt::memory_buffer text;
  int64_t column = 0;
  for (const Number number : numbers) {
    if (column++ % 16 == 0) text.push_back('\n');
    fmt::format_to(std::back_inserter(text), "{},", text_of(number));
  }
  return fmt::to_string(text);
}

// The bytes as adjacent string literals, which compilers read a hundred times as fast as numbers.
template <typename Number>
std::string as_string(const std::vector<Number>& numbers) {
  constexpr size_t kBytesOfLine = 100;
  const std::string_view bytes(reinterpret_cast<const char*>(numbers.data()),
                               numbers.size() * sizeof(Number));
  std::string text;
  text.reserve(3 * bytes.size());
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i % kBytesOfLine == 0) text += i == 0 ? "\n\"" : "\"\n\"";
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const bool plain = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\' && byte != '?';
    if (plain) {
      text.push_back(bytes[i]);
      continue;
    }
    // A digit that follows would belong to a shorter escape.
    const bool digit = i + 1 < bytes.size() && bytes[i + 1] >= '0' && bytes[i + 1] <= '9';
    text += digit ? fmt::format("\\{:03o}", byte) : fmt::format("\\{:o}", byte);
  }
  return text + "\"";
}

template <typename Number>
std::vector<Number> numbers_of(const std::vector<int64_t>& numbers) {
  std::vector<Number> all;
  all.reserve(numbers.size());
  for (const int64_t number : numbers) all.push_back(static_cast<Number>(number));
  return all;
}

at::Tensor as_tensor(const std::vector<float>& numbers) {
  at::Tensor tensor = at::zeros({static_cast<int64_t>(numbers.size())}, at::kFloat);
  std::copy(numbers.begin(), numbers.end(), tensor.data_ptr<float>());
  return tensor;
}

}  // namespace

template <typename Number>
std::string SourceWriter::array(const std::string& type, std::vector<Number> numbers) {
  constexpr size_t kMostListed = 512;
  if (numbers.empty()) numbers.push_back(Number{});
  std::string key = type;
  key.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number));
  const auto [place, is_new] = arrays_.try_emplace(key, "");
  if (!is_new) return place->second;
  constant_bytes_ += static_cast<int64_t>(numbers.size() * sizeof(Number));
  if (constant_bytes_ > kMaxConstantBytes) {
    throw InputError("the compiled network would have more than 512 MB of constants");
  }
  std::string name = fresh("data");
  place->second = name;
  const size_t count = numbers.size();
  if (count <= kMostListed) {
    const auto text_of = [](Number number) {
      if constexpr (std::is_same_v<Number, float>) {
        return c_number(number);
      } else {
        return static_cast<int64_t>(number);
      }
    };
    constants_ += fmt::format("static const {} {}[{}] NC_CACHE_LINE = {{{}}};\n", type, name, count,
                              listed(numbers, text_of));
    return name;
  }
  constants_ += fmt::format(
      "static const union {{ char bytes[{}]; {} numbers[{}]; }} {} NC_CACHE_LINE = {{{}}};\n",
      count * sizeof(Number), type, count, name, as_string(numbers));
  place->second = name + ".numbers";
  return place->second;
}

std::string SourceWriter::floats(const std::vector<float>& numbers) {
  return floats(as_tensor(numbers));
}

std::string SourceWriter::floats(const at::Tensor& numbers) {
  const at::Tensor flat = numbers.to(at::kFloat).flatten().contiguous();
  const auto view = elements<float>(flat);
  return array("float", std::vector<float>(view.begin(), view.end()));
}

std::string SourceWriter::integers(const std::vector<int64_t>& numbers, const std::string& type) {
  return type == "uint16_t" ? array(type, numbers_of<uint16_t>(numbers))
                            : array(type, numbers_of<int32_t>(numbers));
}

std::string SourceWriter::weight_array(const std::vector<float>& numbers) {
  return weight_array(as_tensor(numbers));
}

std::string SourceWriter::weight_array(const at::Tensor& numbers) {
  if (weights_ == WeightType::kFloat) return floats(numbers);
  const at::Tensor half = numbers.to(at::kHalf).flatten().contiguous();
  if (!half.to(at::kFloat).isfinite().all().item<bool>()) {
    throw InputError("a weight is too large for float16");
  }
  const auto* bits = static_cast<const uint16_t*>(half.data_ptr());
  return array("uint16_t", std::vector<uint16_t>(bits, bits + half.numel()));
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

std::string SourceWriter::scratch(int64_t floats) {
  const int64_t begin = floats_used_;
  floats_used_ += (floats + 15) / 16 * 16;
  return fmt::format("(ws + {})", begin);
}

std::string SourceWriter::mask(const ValueLayout& layout) {
  const int64_t size = 16 * std::max(layout.lines(), (layout.lead + layout.used + 15) / 16);
  const std::string shape = fmt::format("{}, {}, {}, {}, {}", layout.lead, layout.rows,
                                        layout.columns, layout.row_stride, size);
  const auto [place, is_new] = masks_.try_emplace(shape, "");
  if (is_new) {
    place->second =
        fmt::format("((const int32_t*)(const void*)(ws + {}))", floats_used_ + layout.lead);
    prologue_ += fmt::format("  nc_fill_mask(ws + {}, {});\n", floats_used_, shape);
    floats_used_ += size;
  }
  return place->second;
}

bool SourceWriter::has_clean_gaps(ValueId id) const {
  const auto found = clean_.find(value(id).offset);
  return found != clean_.end() && found->second == value(id).layout;
}

void SourceWriter::clear_gaps(ValueId id, Gaps gaps) {
  if (has_clean_gaps(id)) return;
  const ValueLayout& layout = value(id).layout;
  const int64_t used = gaps == Gaps::kBehindUsed
                           ? layout.used
                           : (layout.rows - 1) * layout.row_stride + layout.columns;
  add_call(fmt::format("nc_clear_gaps({}, {}, {}, {}, {}, {});", memory(id), layout.origin,
                       layout.planes, layout.plane_stride, used, layout.size));
  if (gaps != Gaps::kAll || layout.row_stride == layout.columns) return;
  add_call(fmt::format("nc_clear_row_gaps({}, {}, {}, {}, {}, {}, {});", memory(id), layout.origin,
                       layout.planes, layout.plane_stride, layout.rows, layout.columns,
                       layout.row_stride));
}

void SourceWriter::wrote(ValueId id) {
  const ProgramValue& own = value(id);
  if (own.place != Place::kWorkspace) return;
  std::erase_if(clean_, [&](const auto& other) {
    return other.first < own.offset + own.layout.size &&
           own.offset < other.first + other.second.size;
  });
  if (own.layout.clean) clean_.emplace(own.offset, own.layout);
}

std::string SourceWriter::definitions() const {
  std::string text(kernel_text("base"));
  for (const std::string& file : files_) text.append("\n").append(kernel_text(file));
  for (const std::string& kernel : kernels_) text.append("\n").append(kernel);
  return text.append("\n\n").append(constants_).append("\n").append(functions_);
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
