#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// A NumPy array of numbers.
struct NpyArray {
  std::string dtype;           // kind and bytes: b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4 or f8
  std::vector<int64_t> shape;  // [] for a single number; at most 8 dimensions, none of them 0
  std::string data;            // the elements, always row-major and little-endian
};

// Reads `bytes`, a whole .npy file (format versions 1 to 3) that messages call `where`. Throws
// InputError (byte, what was given) on other types (strings, objects, complex numbers) and unless
// the file holds exactly the elements that its header declares.
NpyArray parse_npy(std::string_view bytes, const std::string& where);

// The elements as floats. Numbers beyond the range of float become infinite.
std::vector<float> to_floats(const NpyArray& array);

// The elements as integers. Throws InputError naming `where` and the first element that is not a
// whole number of at most 2^53 in magnitude.
std::vector<int64_t> to_integers(const NpyArray& array, const std::string& where);

}  // namespace ncprune
