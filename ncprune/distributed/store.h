#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace ncprune {

// Keys and values that the processes of a job share: c10d's TCPStore. One process serves it, the
// others join. For trusted networks: whoever reaches the port and knows the job's name can read and
// write. A connection is for one thread.
class Store {
 public:
  // Serves on `port` of this machine, 0: any that is free. Throws InputError when it cannot.
  static Store serve(uint16_t port, const std::string& job);
  // Waits up to `seconds` for the server. Throws InputError when there is none.
  static Store join(const std::string& host, uint16_t port, const std::string& job, int seconds);

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // All of these throw InputError when the server is gone.
  void set(const std::string& key, const std::string& value);
  bool has(const std::string& key);
  // The value, which is then no more; none if nobody has set it since.
  std::optional<std::string> take(const std::string& key);
  // The value, which stays; of a key that no other process takes.
  std::optional<std::string> get(const std::string& key);
  // Adds to a whole number that is 0 at first, and gives the sum.
  int64_t add(const std::string& key, int64_t amount);

  uint16_t port() const;

 private:
  struct Connection;
  explicit Store(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace ncprune
