#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ncprune/base/random_access.h"

namespace ncprune {

// A file in a tar file, and where its content lies in the unpacked archive, in bytes.
struct TarFile {
  std::string name;  // "train/cat/1.png": no "." or empty parts
  uint64_t offset;
  uint64_t size;
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

// Finds the files whose names `wanted` accepts in `bytes`, a whole unpacked tar file that messages
// call `where`; nothing is written to disk. The content of every file lies within `bytes`. Throws
// InputError when the archive is damaged or truncated, exceeds the limits, has two wanted files of
// one name, a wanted file with holes (GNU tar --sparse), or an entry that is absolute, leads
// outside ("..") or is neither file nor folder (a link, a device).
TarArchive index_tar(std::string_view bytes, const std::function<bool(const std::string&)>& wanted,
                     const std::string& where, const TarLimits& limits = {});

// The same for a file, not compressed, of which only the headers of its entries are read.
TarArchive index_tar(const RandomAccessFile& file,
                     const std::function<bool(const std::string&)>& wanted,
                     const TarLimits& limits = {});

}  // namespace ncprune
