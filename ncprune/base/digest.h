#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace ncprune {

// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void add(std::string_view bytes);
  // 64 hexadecimal digits, of all that was added. Called once, at the end.
  std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256(std::string_view bytes);

// 32 hexadecimal digits. For files whose publisher names no better sum: it finds damage, not
// malice.
std::string md5(std::string_view bytes);

}  // namespace ncprune
