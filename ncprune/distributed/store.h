#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace ncprune {

// Keys and values that the processes of a job share: c10d's TCPStore. One process serves it, the
// others join. Only for trusted networks: anyone who reaches the port and knows the job's name can
// read and write. A connection serves one thread.
class Store {
 public:
  // Serves on `port` of this machine (0: any free port). Throws InputError when it cannot.
  static Store serve(uint16_t port, const std::string& job);
  // Waits up to `seconds` for the server. Throws InputError when it does not answer.
  static Store join(const std::string& host, uint16_t port, const std::string& job, int seconds);

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // The functions below throw InputError when the server does not answer.
  void set(const std::string& key, const std::string& value);
  bool has(const std::string& key);
  // Returns the value and removes the key; empty if the key is not set.
  std::optional<std::string> take(const std::string& key);
  // Returns the value and keeps the key. REQUIRES: no other process takes the key.
  std::optional<std::string> get(const std::string& key);
  // Adds `amount` to an integer that starts at 0, and returns the sum.
  int64_t add(const std::string& key, int64_t amount);

  uint16_t port() const;

 private:
  struct Connection;
  explicit Store(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace ncprune
