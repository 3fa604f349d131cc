#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// The content of an IDX file of unsigned bytes, the format of MNIST's images and labels (LeCun,
// Cortes, Burges 1998).
struct IdxArray {
  std::vector<int64_t> shape;   // 1 to 4 dimensions, none of them 0
  std::vector<uint8_t> values;  // row-major, as many as the product of `shape`
};

// Reads `bytes`, a whole unpacked file that messages call `where`. Throws InputError (byte and what
// was expected) on another element type, and unless the file holds exactly the values that its
// header declares.
IdxArray parse_idx(std::string_view bytes, const std::string& where);

}  // namespace ncprune
