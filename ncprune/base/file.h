#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ncprune {

// No input file may be larger than this, nor unpack to more (bytes).
inline constexpr uint64_t kMaxFileBytes = 4ULL << 30;

// The file's bytes, gunzipped when it begins as gzip. Throws InputError when it cannot be read, is
// damaged, or would exceed `max_bytes`.
std::string read_file(const std::string& path, uint64_t max_bytes = kMaxFileBytes);

// Writes under a temporary name in the same folder and renames: an interrupted run leaves the old
// file. Throws InputError when the folder cannot be written.
void write_file(const std::string& path, std::string_view content);

// Throws InputError unless a file could be written at `path`. Asked before long work begins.
void require_writable(const std::string& path);

}  // namespace ncprune
