#pragma once

#include <string_view>

namespace ncprune {

// The text of kernels/NAME.c, C that compiled networks begin with; see cmake/kernels.cmake. Empty
// when there is no such file.
std::string_view kernel_text(std::string_view name);

}  // namespace ncprune
