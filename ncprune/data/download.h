#pragma once

#include <cstdint>
#include <string>

namespace ncprune {

struct DownloadOptions {
  uint64_t max_bytes = 1ULL << 30;
  int stall_seconds = 30;  // without a hundred bytes a second: the connection is given up
  int attempts = 5;        // each goes on where the last was cut off
  int pause_seconds = 1;   // before the second attempt, twice as long before each further one
};

// Gets `url` (http or https) into the file `path`, which is there, whole, or not at all: until then
// the bytes are in `path`.part, from which a later call goes on if the server can. Shows a bar.
// Throws InputError, naming the address, when every attempt failed or the file is too large.
void download(const std::string& url, const std::string& path, const DownloadOptions& options = {});

}  // namespace ncprune
