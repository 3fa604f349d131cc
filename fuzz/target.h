#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ncprune/base/error.h"

namespace ncprune {

// One run of a fuzz target: `read` gets the bytes and may throw nothing but an InputError of one
// line. Every other exception, and every broken promise that `read` finds, ends the program.
template <typename Read>
int fuzz(const uint8_t* data, size_t size, Read read) {
  try {
    read(std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const InputError& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
  }
  return 0;
}

// Ends the program unless the reader kept its promise.
inline void require(bool promise) {
  if (!promise) std::abort();
}

}  // namespace ncprune
