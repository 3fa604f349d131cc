#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
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

// The path of a file in memory that holds `bytes`, until the next call.
inline std::string file_of(std::string_view bytes) {
  static const int descriptor = memfd_create("input", 0);
  require(ftruncate(descriptor, 0) == 0);
  require(pwrite(descriptor, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return "/proc/self/fd/" + std::to_string(descriptor);
}

}  // namespace ncprune
