#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ncprune/data/npy.h"

namespace ncprune {

// Named arrays, as numpy.savez and numpy.savez_compressed write them.
struct NpzArchive {
  std::vector<std::string> names;          // every array in the file, read or not
  std::map<std::string, NpyArray> arrays;  // the wanted arrays that exist
  std::vector<std::string> class_names;    // of a folder that gives them, otherwise empty
};

// Reads the arrays called `wanted` from `bytes`, a whole .npz file that messages call `where`;
// other arrays are not unpacked. Throws InputError when the archive or a wanted array is damaged or
// is compressed by another method than deflate, or the arrays unpack to more than kMaxFileBytes.
NpzArchive parse_npz(std::string_view bytes, const std::vector<std::string>& wanted,
                     const std::string& where);

// Which arrays are read from a file, and how.
struct NpzRequest {
  std::vector<std::string> wanted;
  // A wanted array of these stays in the file (NpyArray::stored) if it is not compressed, is
  // row-major and has more than `most_elements` elements. Its checksum is not verified, because
  // that would read it.
  std::vector<std::string> may_stay = {};
  uint64_t most_elements = 0;
  uint64_t max_bytes = 4ULL << 30;  // of the arrays that are read at once, unpacked
};

// parse_npz() of a file, of which only the wanted arrays are read. The file stays open while an
// array stays in it. Throws InputError, also when the file cannot be opened.
NpzArchive read_npz(const std::string& path, const NpzRequest& request);

}  // namespace ncprune
