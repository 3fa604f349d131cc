#include "ncprune/distributed/store.h"

#include <fmt/format.h>

#include <chrono>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <vector>

#include "ncprune/base/error.h"

namespace ncprune {

struct Store::Connection {
  c10::intrusive_ptr<c10d::TCPStore> store;
  std::string place;   // for messages
  std::string prefix;  // of every key

  // What `work` gives; c10d's ways to fail become one.
  template <typename Work>
  auto guarded(const Work& work) const {
    try {
      return work();
    } catch (const std::exception& error) {
      const std::string what = error.what();  // LibTorch puts a whole stack behind the first line
      throw InputError(fmt::format("the job's store at {} does not answer: {}", place,
                                   what.substr(0, what.find('\n'))));
    }
  }

  static std::unique_ptr<Connection> open(const std::string& host, c10d::TCPStoreOptions options,
                                          const std::string& job) {
    auto connection = std::make_unique<Connection>();
    connection->place = fmt::format("{}:{}", host, options.port);
    connection->prefix = "ncprune/" + job + "/";
    options.waitWorkers = false;
    connection->guarded([&] {
      connection->store = c10::make_intrusive<c10d::TCPStore>(host, options);
      return 0;
    });
    return connection;
  }
};

Store::Store(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Store Store::serve(uint16_t port, const std::string& job) {
  c10d::TCPStoreOptions options;
  options.port = port;
  options.isServer = true;
  options.timeout = std::chrono::seconds(30);
  return Store(Connection::open("127.0.0.1", options, job));
}

Store Store::join(const std::string& host, uint16_t port, const std::string& job, int seconds) {
  c10d::TCPStoreOptions options;
  options.port = port;
  options.timeout = std::chrono::seconds(seconds);
  return Store(Connection::open(host, options, job));
}

void Store::set(const std::string& key, const std::string& value) {
  connection_->guarded([&] {
    connection_->store->set(connection_->prefix + key, {value.begin(), value.end()});
    return 0;
  });
}

bool Store::has(const std::string& key) {
  return connection_->guarded(
      [&] { return connection_->store->check({connection_->prefix + key}); });
}

std::optional<std::string> Store::get(const std::string& key) {
  return connection_->guarded([&]() -> std::optional<std::string> {
    const std::string full = connection_->prefix + key;
    if (!connection_->store->check({full})) return std::nullopt;
    const std::vector<uint8_t> value = connection_->store->get(full);
    return std::string(value.begin(), value.end());
  });
}

std::optional<std::string> Store::take(const std::string& key) {
  std::optional<std::string> value = get(key);
  if (value) {
    connection_->guarded([&] { return connection_->store->deleteKey(connection_->prefix + key); });
  }
  return value;
}

int64_t Store::add(const std::string& key, int64_t amount) {
  return connection_->guarded(
      [&] { return connection_->store->add(connection_->prefix + key, amount); });
}

uint16_t Store::port() const {
  return connection_->store->getPort();
}

}  // namespace ncprune
