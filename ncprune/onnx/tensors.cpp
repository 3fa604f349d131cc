#include "ncprune/onnx/tensors.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "ncprune/base/error.h"
#include "ncprune/model/element_types.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;
using TensorProto = onnx::TensorProto;

static_assert(std::endian::native == std::endian::little, "ONNX's raw data are little-endian");

// No supported network needs more, and products of dimensions stay far from overflow.
constexpr int64_t kMaxElements = int64_t{1} << 40;
constexpr int kMaxRank = 16;

at::ScalarType scalar_type(int32_t type, const std::string& what) {
  if (const auto known = torch_type(type)) return *known;
  throw InputError(fmt::format("{} has element type {}, which ncprune does not support", what,
                               element_type_name(type)));
}

std::vector<int64_t> checked_dims(const TensorProto& proto, const std::string& what) {
  if (proto.dims_size() > kMaxRank) {
    throw InputError(
        fmt::format("{} has {} dimensions; wanted at most {}", what, proto.dims_size(), kMaxRank));
  }
  // The other dimensions of an empty tensor count too, because LibTorch multiplies them for the
  // strides.
  int64_t volume = 1;
  for (const int64_t dim : proto.dims()) {
    if (dim < 0 || __builtin_mul_overflow(volume, std::max<int64_t>(dim, 1), &volume) ||
        volume > kMaxElements) {
      throw InputError(fmt::format("{} has dimensions [{}]", what, fmt::join(proto.dims(), ", ")));
    }
  }
  return {proto.dims().begin(), proto.dims().end()};
}

template <typename Stored, typename Values>
void narrow_into(void* target, const Values& values) {
  Stored* out = static_cast<Stored*>(target);
  for (const auto value : values) *out++ = static_cast<Stored>(value);
}

// The number of elements in the field of the element type.
int typed_size(const TensorProto& proto) {
  switch (proto.data_type()) {
    case TensorProto::FLOAT:
      return proto.float_data_size();
    case TensorProto::DOUBLE:
      return proto.double_data_size();
    case TensorProto::INT64:
      return proto.int64_data_size();
    default:
      return proto.int32_data_size();
  }
}

// REQUIRES: space for typed_size() elements of the type of `proto` at `target`.
void copy_typed(const TensorProto& proto, void* target) {
  switch (proto.data_type()) {
    case TensorProto::FLOAT:
      return narrow_into<float>(target, proto.float_data());
    case TensorProto::DOUBLE:
      return narrow_into<double>(target, proto.double_data());
    case TensorProto::INT64:
      return narrow_into<int64_t>(target, proto.int64_data());
    case TensorProto::INT32:
      return narrow_into<int32_t>(target, proto.int32_data());
    case TensorProto::INT8:
      return narrow_into<int8_t>(target, proto.int32_data());
    case TensorProto::BOOL:
    case TensorProto::UINT8:
      return narrow_into<uint8_t>(target, proto.int32_data());
    default:
      return narrow_into<uint16_t>(target, proto.int32_data());  // INT16, and the bits of floats
  }
}

// In C++ a bool must be 0 or 1.
void tidy_bools(at::Tensor& tensor) {
  auto* bytes = static_cast<uint8_t*>(tensor.data_ptr());
  for (int64_t i = 0; i < tensor.numel(); ++i) bytes[i] = bytes[i] != 0;
}

struct External {
  std::string location;
  int64_t offset = 0;
  int64_t length = -1;  // to the end of the file
};

int64_t whole_number(const std::string& text, const std::string& what) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    throw InputError(fmt::format("{}: external data at '{}'", what, printable(text)));
  }
  return value;
}

External external_from(const TensorProto& proto, const std::string& what) {
  External external;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") external.location = entry.value();
    if (entry.key() == "offset") external.offset = whole_number(entry.value(), what);
    if (entry.key() == "length") external.length = whole_number(entry.value(), what);
  }
  return external;
}

// The bytes of external data. A model must not read arbitrary files: the path, with links resolved,
// must be inside the model's folder.
std::string external_bytes(const TensorProto& proto, const std::string& what,
                           const std::string& folder, int64_t wanted) {
  const External external = external_from(proto, what);
  if (folder.empty()) {
    throw InputError(fmt::format("{} is stored outside the file (external data)", what));
  }
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  const fs::path path = fs::canonical(root / external.location, error);
  const auto inside = std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first;
  if (error || inside != root.end() || !fs::is_regular_file(path, error)) {
    throw InputError(fmt::format("{}: its external data '{}' are not a file in the model's folder",
                                 what, printable(external.location)));
  }
  const auto size = static_cast<int64_t>(fs::file_size(path, error));
  if (error || external.offset > size || wanted > size - external.offset ||
      (external.length >= 0 && external.length != wanted)) {
    throw InputError(fmt::format("{}: its external data '{}' have too few or too many bytes", what,
                                 printable(external.location)));
  }
  std::string bytes(static_cast<size_t>(wanted), '\0');
  std::ifstream file(path, std::ios::binary);
  file.seekg(external.offset);
  if (!file.read(bytes.data(), wanted)) {
    throw InputError(fmt::format("{}: its external data '{}' cannot be read", what,
                                 printable(external.location)));
  }
  return bytes;
}

}  // namespace

std::string printable(const std::string& text) {
  constexpr size_t kMaxLength = 200;
  std::string line = text.substr(0, kMaxLength);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text.size() > kMaxLength ? line + "..." : line;
}

std::string element_type_name(int32_t type) {
  return TensorProto::DataType_IsValid(type)
             ? TensorProto::DataType_Name(static_cast<TensorProto::DataType>(type))
             : std::to_string(type);
}

at::Tensor tensor_from(const TensorProto& proto, const std::string& what,
                       const std::string& folder) {
  const at::ScalarType type = scalar_type(proto.data_type(), what);
  const std::vector<int64_t> dims = checked_dims(proto, what);
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  const int64_t bytes = count * static_cast<int64_t>(c10::elementSize(type));

  const bool is_external =
      proto.data_location() == TensorProto::EXTERNAL || proto.external_data_size() > 0;
  const std::string outside = is_external ? external_bytes(proto, what, folder, bytes) : "";
  const std::string& raw = is_external ? outside : proto.raw_data();
  const bool is_raw = is_external || proto.has_raw_data();
  const int64_t given = is_raw ? static_cast<int64_t>(raw.size()) : typed_size(proto);
  if (given != (is_raw ? bytes : count)) {
    throw InputError(fmt::format("{} has dimensions [{}], that is {} {}, but the file contains {}",
                                 what, fmt::join(dims, ", "), is_raw ? bytes : count,
                                 is_raw ? "bytes" : "elements", given));
  }
  at::Tensor tensor = at::empty(dims, type);
  if (count == 0) return tensor;
  if (is_raw) {
    std::memcpy(tensor.data_ptr(), raw.data(), raw.size());
  } else {
    copy_typed(proto, tensor.data_ptr());
  }
  if (type == at::kBool) tidy_bools(tensor);
  return tensor;
}

TensorProto tensor_to(const at::Tensor& tensor, const std::string& name) {
  const std::optional<int32_t> type = onnx_type(tensor.scalar_type());
  if (!type) {
    throw std::logic_error(fmt::format("'{}': ONNX has no type for its elements", name));
  }
  const at::Tensor flat = tensor.detach().to(at::kCPU).contiguous();
  TensorProto proto;
  proto.set_name(name);
  proto.set_data_type(*type);
  for (const int64_t dim : flat.sizes()) proto.add_dims(dim);
  // An empty tensor must still declare raw data.
  proto.set_raw_data(flat.numel() == 0 ? nullptr : flat.data_ptr(), flat.nbytes());
  return proto;
}

}  // namespace ncprune
