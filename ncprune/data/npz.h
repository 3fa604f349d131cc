#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ncprune/data/npy.h"

namespace ncprune {

// Arrays under names, as numpy.savez and numpy.savez_compressed write them.
struct NpzArchive {
  std::vector<std::string> names;          // every array in the file, read or not
  std::map<std::string, NpyArray> arrays;  // those that were wanted and are there
};

// Reads from `bytes`, the whole of a .npz file that messages call `where`, the arrays called
// `wanted`; the others are not unpacked. Throws InputError when the archive or a wanted array is
// damaged, packed by another method than deflate, or the arrays unpack to more than kMaxFileBytes.
NpzArchive parse_npz(std::string_view bytes, const std::vector<std::string>& wanted,
                     const std::string& where);

}  // namespace ncprune
