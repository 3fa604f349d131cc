#include "ncprune/data/idx.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

constexpr unsigned kUnsignedByte = 0x08;
constexpr size_t kMaxIdxRank = 4;

unsigned byte_at(std::string_view bytes, size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

int64_t big_endian(std::string_view bytes, size_t i) {
  int64_t value = 0;
  for (size_t k = 0; k < 4; ++k) value = value << 8 | byte_at(bytes, i + k);
  return value;
}

const char* type_name(unsigned type) {
  switch (type) {
    case 0x09:
      return "signed byte";
    case 0x0B:
      return "16-bit integer";
    case 0x0C:
      return "32-bit integer";
    case 0x0D:
      return "32-bit float";
    case 0x0E:
      return "64-bit float";
    default:
      return "unknown";
  }
}

// The number of dimensions, after checking the first bytes of the file.
size_t read_rank(std::string_view bytes, const std::string& where) {
  if (bytes.size() < 4 || byte_at(bytes, 0) != 0 || byte_at(bytes, 1) != 0) {
    throw InputError(
        fmt::format("{}: byte 0: not an IDX file, which begins with two zero bytes, "
                    "its element type and its number of dimensions",
                    where));
  }
  const unsigned type = byte_at(bytes, 2);
  if (type != kUnsignedByte) {
    throw InputError(
        fmt::format("{}: byte 2: element type {:#04x} ({}); only {:#04x} (unsigned "
                    "byte) is read",
                    where, type, type_name(type), kUnsignedByte));
  }
  const size_t rank = byte_at(bytes, 3);
  if (rank == 0 || rank > kMaxIdxRank) {
    throw InputError(
        fmt::format("{}: byte 3: {} dimensions; wanted 1 to {}", where, rank, kMaxIdxRank));
  }
  return rank;
}

}  // namespace

IdxArray parse_idx(std::string_view bytes, const std::string& where) {
  const size_t rank = read_rank(bytes, where);
  const size_t header = 4 + 4 * rank;
  if (bytes.size() < header) {
    throw InputError(fmt::format("{}: byte {}: truncated; a header of {} dimensions has {} bytes",
                                 where, bytes.size(), rank, header));
  }
  IdxArray array;
  for (size_t i = 0; i < rank; ++i) {
    array.shape.push_back(big_endian(bytes, 4 + 4 * i));
    if (array.shape[i] > 0) continue;
    throw InputError(fmt::format("{}: byte {}: dimension {} is 0", where, 4 + 4 * i, i));
  }
  const auto available = static_cast<int64_t>(bytes.size() - header);
  int64_t count = 1;
  for (const int64_t size : array.shape) {
    // Compared by division, because the product of malicious dimensions would overflow.
    if (count > available / size) {
      throw InputError(
          fmt::format("{}: truncated: declares [{}] values of one byte, holds {} bytes", where,
                      fmt::join(array.shape, ", "), available));
    }
    count *= size;
  }
  if (count != available) {
    throw InputError(fmt::format("{}: byte {}: {} bytes more than the declared [{}] values", where,
                                 header + static_cast<size_t>(count), available - count,
                                 fmt::join(array.shape, ", ")));
  }
  array.values.assign(bytes.begin() + static_cast<std::ptrdiff_t>(header), bytes.end());
  return array;
}

}  // namespace ncprune
