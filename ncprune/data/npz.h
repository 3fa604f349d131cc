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
};

// Reads the arrays called `wanted` from `bytes`, a whole .npz file that messages call `where`;
// other arrays are not unpacked. Throws InputError when the archive or a wanted array is damaged or
// is compressed by another method than deflate, or the arrays unpack to more than kMaxFileBytes.
NpzArchive parse_npz(std::string_view bytes, const std::vector<std::string>& wanted,
                     const std::string& where);

}  // namespace ncprune
