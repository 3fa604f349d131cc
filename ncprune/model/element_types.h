#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <optional>

namespace ncprune {

// A supported element type, with its number in ONNX.
struct ElementType {
  int32_t onnx;
  at::ScalarType torch;
};

inline constexpr ElementType kElementTypes[] = {
    {1, at::kFloat}, {2, at::kByte}, {3, at::kChar},  {5, at::kShort},   {6, at::kInt},
    {7, at::kLong},  {9, at::kBool}, {10, at::kHalf}, {11, at::kDouble}, {16, at::kBFloat16}};

// Empty for a type that is not supported.
inline std::optional<at::ScalarType> torch_type(int64_t onnx) {
  for (const ElementType& type : kElementTypes) {
    if (type.onnx == onnx) return type.torch;
  }
  return std::nullopt;
}

inline std::optional<int32_t> onnx_type(at::ScalarType torch) {
  for (const ElementType& type : kElementTypes) {
    if (type.torch == torch) return type.onnx;
  }
  return std::nullopt;
}

}  // namespace ncprune
