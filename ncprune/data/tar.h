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
  std::vector<TarFile> files;        // the wanted files, in the order of the archive
  std::vector<std::string> folders;  // all folders in the archive, "train/cat"
};

// Limits of an archive.
struct TarLimits {
  size_t entries = 1 << 21;
  uint64_t file_bytes = 64 << 20;  // in a wanted file
};

// Reads the files whose names `wanted` accepts from `bytes`, a whole unpacked tar file that
// messages call `where`; nothing is written to disk. Throws InputError when the archive is damaged
// or truncated, exceeds the limits, has two wanted files of one name, or has an entry that is
// absolute, leads outside ("..") or is neither file nor folder (a link, a device).
TarArchive parse_tar(std::string_view bytes, const std::function<bool(const std::string&)>& wanted,
                     const std::string& where, const TarLimits& limits = {});

}  // namespace ncprune
