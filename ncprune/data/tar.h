#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

struct TarFile {
  std::string name;  // "train/cat/1.png": no "." or empty parts
  std::string content;
};

struct TarArchive {
  std::vector<TarFile> files;        // those that were wanted, as they stand in the archive
  std::vector<std::string> folders;  // those the archive names, "train/cat"
};

// What an archive may hold at most.
struct TarLimits {
  size_t entries = 1 << 21;
  uint64_t file_bytes = 64 << 20;  // in a wanted file
};

// Reads from `bytes`, the whole of an unpacked tar file that messages call `where`, the files whose
// names `wanted` accepts; nothing is written anywhere. Throws InputError when the archive is
// damaged or cut short, exceeds the limits, or has two wanted files of one name or an entry that
// is absolute, leads outside ("..") or is neither file nor folder (a link, a device).
TarArchive parse_tar(std::string_view bytes, const std::function<bool(const std::string&)>& wanted,
                     const std::string& where, const TarLimits& limits = {});

}  // namespace ncprune
