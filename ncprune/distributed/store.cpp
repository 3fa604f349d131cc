#include "ncprune/distributed/store.h"

#include <fmt/format.h>

#include <vector>

#include "ncprune/distributed/tcp_store.h"

namespace ncprune {

struct Store::Connection {
  c10::intrusive_ptr<c10d::TCPStore> store;
  std::string place;   // for messages
  std::string prefix;  // of every key

  template <typename Work>
  auto guarded(const Work& work) const {
    return guard_network(fmt::format("the job's store at {} does not answer", place), work);
  }

  template <typename Open>
  static std::unique_ptr<Connection> open(const std::string& place, const std::string& job,
                                          const Open& open) {
    auto connection = std::make_unique<Connection>();
    connection->place = place;
    connection->prefix = "ncprune/" + job + "/";
    connection->store = connection->guarded(open);
    return connection;
  }
};

Store::Store(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Store Store::serve(uint16_t port, const std::string& job) {
  return Store(Connection::open(fmt::format("127.0.0.1:{}", port), job,
                                [&] { return serve_tcp_store(port); }));
}

Store Store::join(const std::string& host, uint16_t port, const std::string& job, int seconds) {
  return Store(Connection::open(fmt::format("{}:{}", host, port), job,
                                [&] { return join_tcp_store(host, port, seconds); }));
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
