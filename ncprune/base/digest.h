#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace ncprune {

// SHA-256 of bytes that are added in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void add(std::string_view bytes);
  // Returns 64 hexadecimal digits. Call it once, after the last add().
  std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256(std::string_view bytes);

// 32 hexadecimal digits. For files whose publisher gives no better checksum: MD5 detects damage,
// not tampering.
std::string md5(std::string_view bytes);

}  // namespace ncprune
