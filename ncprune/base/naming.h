#pragma once

#include <fmt/format.h>

#include <string>

#include "ncprune/base/error.h"

namespace ncprune {

// Returns what `step` returns; an InputError that it throws begins with `where`, such as a path.
template <typename Step>
auto naming(const std::string& where, Step step) {
  try {
    return step();
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", where, error.what()));
  }
}

}  // namespace ncprune
