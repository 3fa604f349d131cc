#pragma once

#include <cstdint>
#include <string>

namespace ncprune {

struct DownloadOptions {
  uint64_t max_bytes = 1ULL << 30;
  int stall_seconds = 30;  // below 100 bytes a second before the connection is closed
  int attempts = 5;        // each resumes where the last one stopped
  int pause_seconds = 1;   // before the second attempt; doubles before each further one
};

// Downloads `url` (http or https) to the file `path`, which is either complete or absent. Until
// then the bytes are in `path`.part, from which a later call resumes if the server allows it. Shows
// a progress bar. Throws InputError, naming the address, when every attempt failed or the file is
// too large.
void download(const std::string& url, const std::string& path, const DownloadOptions& options = {});

}  // namespace ncprune
