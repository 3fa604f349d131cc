#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace ncprune {

// An entry of a tar file as POSIX has it (ustar): a header of 512 bytes and the content, padded.
// `type`: '0' a file, '5' a folder, '1' and '2' links to `target`.
inline std::string tar_entry(const std::string& name, const std::string& content, char type = '0',
                             const std::string& target = "") {
  constexpr size_t kBlock = 512;
  std::string header(kBlock, '\0');
  const auto put = [&](size_t at, const std::string& text) {
    std::copy(text.begin(), text.end(), header.begin() + static_cast<int64_t>(at));
  };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(157, target);
  put(257, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  const size_t padding = (kBlock - content.size() % kBlock) % kBlock;
  return header + content + std::string(padding, '\0');
}

inline std::string tar_end() {
  return std::string(1024, '\0');
}

}  // namespace ncprune
