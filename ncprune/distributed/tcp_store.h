#pragma once

#include <fmt/format.h>

#include <string>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "ncprune/base/error.h"

namespace ncprune {

// Returns what `work` returns. Exceptions of c10d become InputError: "`what`: reason".
template <typename Work>
auto guard_network(const std::string& what, const Work& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    const std::string reason = error.what();  // LibTorch appends a stack trace
    throw InputError(fmt::format("{}: {}", what, reason.substr(0, reason.find('\n'))));
  }
}

// Serves a store on `port` of this machine (0: any free port).
inline c10::intrusive_ptr<c10d::TCPStore> serve_tcp_store(uint16_t port) {
  constexpr std::chrono::seconds kAnswer{30};
  c10d::TCPStoreOptions options;
  options.port = port;
  options.isServer = true;
  options.waitWorkers = false;
  options.timeout = kAnswer;
  return c10::make_intrusive<c10d::TCPStore>("127.0.0.1", options);
}

// Joins the store at `host`, waiting up to `seconds` for it.
inline c10::intrusive_ptr<c10d::TCPStore> join_tcp_store(const std::string& host, uint16_t port,
                                                         int seconds) {
  c10d::TCPStoreOptions options;
  options.port = port;
  options.waitWorkers = false;
  options.timeout = std::chrono::seconds(seconds);
  return c10::make_intrusive<c10d::TCPStore>(host, options);
}

}  // namespace ncprune
