#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>

namespace ncprune {

// An element type that is run, with the number that ONNX gives it.
struct ElementType {
  int32_t onnx;
  at::ScalarType torch;
};

inline constexpr ElementType kElementTypes[] = {
    {1, at::kFloat}, {2, at::kByte}, {3, at::kChar},  {5, at::kShort},   {6, at::kInt},
    {7, at::kLong},  {9, at::kBool}, {10, at::kHalf}, {11, at::kDouble}, {16, at::kBFloat16}};

}  // namespace ncprune
