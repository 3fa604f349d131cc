#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ncprune {

// Largest size of an input file, packed or unpacked, in bytes.
inline constexpr uint64_t kMaxFileBytes = 4ULL << 30;

// Returns the file's bytes, decompressed if the file is gzip. Throws InputError when it cannot be
// read, is damaged, or would exceed `max_bytes`; then `advice` follows in the message.
std::string read_file(const std::string& path, uint64_t max_bytes = kMaxFileBytes,
                      const std::string& advice = "");

// Writes a temporary file in the same folder and renames it: an interrupted run leaves the old
// file. Throws InputError when the folder cannot be written.
void write_file(const std::string& path, std::string_view content);

// Throws InputError unless a file can be written at `path`. Call it before long work begins.
void require_writable(const std::string& path);

}  // namespace ncprune
