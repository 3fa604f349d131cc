#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ncprune {

inline std::string little_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i, value >>= 8) text += static_cast<char>(value & 0xFF);
  return text;
}

// One entry of a hand-made zip archive; what is declared may differ from what is there.
struct ZipEntry {
  std::string name;
  std::string content;             // as stored
  uint64_t method = 0;             // 0 stored, 8 deflated
  int64_t declared_size = -1;      // unpacked; -1: the content's
  int64_t declared_checksum = -1;  // of what it unpacks to; -1: the content's
};

inline std::string zip_bytes(const std::vector<ZipEntry>& entries) {
  std::string files;
  std::string directory;
  for (const ZipEntry& entry : entries) {
    const auto* data = reinterpret_cast<const Bytef*>(entry.content.data());
    const uint64_t checksum = entry.declared_checksum >= 0
                                  ? static_cast<uint64_t>(entry.declared_checksum)
                                  : crc32(0, data, static_cast<uInt>(entry.content.size()));
    const uint64_t size = entry.declared_size >= 0 ? static_cast<uint64_t>(entry.declared_size)
                                                   : entry.content.size();
    const std::string fields =
        little_endian(20, 2) + little_endian(0, 2) + little_endian(entry.method, 2) +
        little_endian(0, 4) + little_endian(checksum, 4) + little_endian(entry.content.size(), 4) +
        little_endian(size, 4) + little_endian(entry.name.size(), 2) + little_endian(0, 2);
    directory += "PK\x01\x02" + little_endian(20, 2) + fields + little_endian(0, 10) +
                 little_endian(files.size(), 4) + entry.name;
    files += "PK\x03\x04" + fields + entry.name + entry.content;
  }
  return files + directory + "PK\x05\x06" + little_endian(0, 4) + little_endian(entries.size(), 2) +
         little_endian(entries.size(), 2) + little_endian(directory.size(), 4) +
         little_endian(files.size(), 4) + little_endian(0, 2);
}

// A .npy file of format version 1.
inline std::string npy_bytes(const std::string& descr, const std::string& shape,
                             const std::string& data, bool fortran_order = false) {
  const std::string header = "{'descr': '" + descr +
                             "', 'fortran_order': " + (fortran_order ? "True" : "False") +
                             ", 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\x01") + '\0' + little_endian(header.size(), 2) + header + data;
}

}  // namespace ncprune
