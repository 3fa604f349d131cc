#pragma once

#include <unistd.h>

#include <cstdint>

namespace ncprune::testing {

// A port for a server: below those that the kernel gives to connections, another one at every call
// and in test programs that run at the same time.
inline uint16_t own_port() {
  constexpr int kFirst = 20000;
  constexpr int kPorts = 9000;
  constexpr int kCalls = 37;  // of one program before it meets the next one's
  static int next = 0;
  return static_cast<uint16_t>(kFirst + (getpid() % kPorts * kCalls + next++) % kPorts);
}

}  // namespace ncprune::testing
