#pragma once

#include <string_view>

namespace ncprune {

// What the page carries with it; made by cmake/assets.cmake.
std::string_view page_style();
std::string_view page_script();
std::string_view vega_script();

}  // namespace ncprune
