#include "ncprune/distributed/store.h"

#include <gtest/gtest.h>

#include "tests/data/input_error.h"

namespace ncprune {
namespace {

TEST(Store, CarriesBytesFromOneToAnother) {
  Store server = Store::serve(0, "job");
  Store other = Store::join("127.0.0.1", server.port(), "job", 5);
  const std::string bytes("\0a\xff", 3);
  EXPECT_FALSE(other.get("key").has_value());
  server.set("key", bytes);
  EXPECT_EQ(other.get("key"), bytes);
  EXPECT_EQ(other.take("key"), bytes);
  EXPECT_FALSE(server.take("key").has_value());
  EXPECT_EQ(server.add("count", 2), 2);
  EXPECT_EQ(other.add("count", 3), 5);
}

TEST(Store, KeepsJobsApart) {
  Store server = Store::serve(0, "one");
  Store other = Store::join("127.0.0.1", server.port(), "another", 5);
  server.set("key", "1");
  EXPECT_FALSE(other.get("key").has_value());
}

TEST(Store, SaysWhereNobodyAnswers) {
  uint16_t port = 0;
  {
    const Store server = Store::serve(0, "job");
    port = server.port();
  }
  const std::string message = input_error([&] { Store::join("127.0.0.1", port, "job", 1); });
  EXPECT_NE(message.find("127.0.0.1:" + std::to_string(port)), std::string::npos) << message;
}

}  // namespace
}  // namespace ncprune
