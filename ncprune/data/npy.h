#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// The elements of an array that stay in their file until they are needed. Several threads may read.
class StoredElements {
 public:
  StoredElements() = default;
  StoredElements(const StoredElements&) = delete;
  StoredElements& operator=(const StoredElements&) = delete;
  virtual ~StoredElements() = default;

  // The file and array, for messages.
  virtual const std::string& where() const = 0;

  // `count` bytes from `offset` on, as NpyArray::data holds them. REQUIRES: both are multiples of
  // an element's size and lie within the array. Throws InputError when they cannot be read.
  virtual std::string read(uint64_t offset, uint64_t count) const = 0;

  // As read(), but the bytes are written to `out`, which has room for `count` of them.
  virtual void read_into(char* out, uint64_t offset, uint64_t count) const {
    const std::string bytes = read(offset, count);
    bytes.copy(out, bytes.size());
  }
};

// A NumPy array of numbers.
struct NpyArray {
  std::string dtype;           // kind and bytes: b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4 or f8
  std::vector<int64_t> shape;  // [] for a single number; at most 8 dimensions, none of them 0
  std::string data;            // the elements, always row-major and little-endian
  std::shared_ptr<const StoredElements> stored = {};  // has the elements instead of `data`
};

// The header of a .npy file.
struct NpyHeader {
  std::string dtype;
  std::vector<int64_t> shape;
  bool fortran_order;  // column-major
  bool big_endian;
  uint64_t begin;  // of the elements, in bytes
  uint64_t bytes;  // of the elements; they fill the file
};

// Reads the header from the first bytes of a .npy file of `file_bytes` that messages call `where`;
// format version 1 needs 65546 bytes at most. Throws InputError as parse_npy(), also when `bytes`
// ends before the header does.
NpyHeader parse_npy_header(std::string_view bytes, uint64_t file_bytes, const std::string& where);

// Turns big-endian elements of `size` bytes into little-endian ones, or back.
std::string with_bytes_swapped(std::string data, size_t size);

// Reads `bytes`, a whole .npy file (format versions 1 to 3) that messages call `where`. Throws
// InputError (byte, what was given) on other types (strings, objects, complex numbers) and unless
// the file holds exactly the elements that its header declares.
NpyArray parse_npy(std::string_view bytes, const std::string& where);

// The .npy file of an array of floats, given as their bytes, row-major and little-endian.
std::string npy_of_floats(std::string_view floats, const std::vector<int64_t>& shape);

// The elements as floats. Numbers beyond the range of float become infinite.
std::vector<float> to_floats(const NpyArray& array);

// The elements as integers. Throws InputError naming `where` and the first element that is not a
// whole number of at most 2^53 in magnitude.
std::vector<int64_t> to_integers(const NpyArray& array, const std::string& where);

}  // namespace ncprune
