#include "ncprune/data/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxRank = 8;

struct Header {
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<int64_t>> shape;
};

// Reads the header, the text of a Python dictionary such as
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderReader {
 public:
  HeaderReader(std::string_view text, size_t offset, const std::string& where)
      : text_(text), offset_(offset), where_(where) {}

  Header read() {
    Header header;
    want('{');
    while (!take('}')) {
      const std::string key = string();
      want(':');
      if (key == "descr") {
        header.descr = string();
      } else if (key == "fortran_order") {
        header.fortran_order = truth();
      } else if (key == "shape") {
        header.shape = tuple();
      } else {
        fail("'descr', 'fortran_order' or 'shape'");
      }
      if (!take(',')) {
        want('}');
        break;
      }
    }
    if (!header.descr || !header.fortran_order || !header.shape) {
      fail("all of 'descr', 'fortran_order' and 'shape'");
    }
    return header;
  }

 private:
  bool take(char c) {
    position_ = std::min(text_.find_first_not_of(" \n\t", position_), text_.size());
    if (position_ == text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  void want(char c) {
    if (!take(c)) fail(fmt::format("'{}'", c));
  }

  bool take_word(std::string_view word) {
    if (!text_.substr(position_).starts_with(word)) return false;
    position_ += word.size();
    return true;
  }

  std::string string() {
    const char quote = take('"') ? '"' : '\'';
    if (quote == '\'' && !take('\'')) fail("a string (arrays with fields are not read)");
    const size_t end = text_.find(quote, position_);
    if (end == std::string_view::npos) fail("a closing quote");
    std::string value(text_.substr(position_, end - position_));
    position_ = end + 1;
    return value;
  }

  bool truth() {
    take(' ');
    if (take_word("True")) return true;
    if (!take_word("False")) fail("True or False");
    return false;
  }

  std::vector<int64_t> tuple() {
    std::vector<int64_t> values;
    want('(');
    while (!take(')')) {
      int64_t value = 0;
      const char* first = text_.data() + position_;
      const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value);
      if (error != std::errc() || value < 1) fail("a dimension of at least 1");
      if (values.size() == kMaxRank) fail(fmt::format("at most {} dimensions", kMaxRank));
      values.push_back(value);
      position_ += static_cast<size_t>(end - first);
      if (!take(',')) {
        want(')');
        break;
      }
    }
    return values;
  }

  [[noreturn]] void fail(const std::string& wanted) const {
    throw InputError(
        fmt::format("{}: byte {}: damaged header: wanted {}", where_, offset_ + position_, wanted));
  }

  std::string_view text_;
  size_t offset_;  // of the text in the file
  const std::string& where_;
  size_t position_ = 0;
};

// The beginning and end of the header's text.
std::pair<size_t, size_t> header_bounds(std::string_view bytes, const std::string& where) {
  if (!bytes.starts_with(kMagic) || bytes.size() < 12) {
    throw InputError(fmt::format("{}: byte 0: not a NumPy array", where));
  }
  const auto byte = [&](size_t i) { return size_t{static_cast<unsigned char>(bytes[i])}; };
  const size_t version = byte(6);
  if (version < 1 || version > 3) {
    throw InputError(fmt::format("{}: byte 6: format version {}; wanted 1 to 3", where, version));
  }
  const size_t begin = version == 1 ? 10 : 12;
  size_t length = byte(8) | byte(9) << 8;
  if (version > 1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > bytes.size() - begin) {
    throw InputError(fmt::format("{}: byte 8: truncated: declares a header of {} bytes, holds {}",
                                 where, length, bytes.size() - begin));
  }
  return {begin, begin + length};
}

// Element type from NumPy's type string, such as "<f4".
std::string checked_dtype(const std::string& descr, const std::string& where) {
  static constexpr std::array kKnown{"b1", "i1", "i2", "i4", "i8", "u1",
                                     "u2", "u4", "u8", "f2", "f4", "f8"};
  std::string dtype = descr.substr(std::min(descr.find_first_not_of("<>|="), descr.size()));
  if (descr.size() - dtype.size() <= 1 &&
      std::find(kKnown.begin(), kKnown.end(), dtype) != kKnown.end()) {
    return dtype;
  }
  throw InputError(
      fmt::format("{}: elements of type '{}'; wanted booleans, integers or floats ({})", where,
                  excerpt(descr), fmt::join(kKnown, ", ")));
}

// From column-major to row-major.
std::string row_major(std::string_view data, const std::vector<int64_t>& shape, size_t size) {
  const size_t rank = shape.size();
  std::vector<size_t> strides(rank, size);
  for (size_t k = 1; k < rank; ++k) strides[k] = strides[k - 1] * static_cast<size_t>(shape[k - 1]);
  std::vector<int64_t> index(rank, 0);
  std::string ordered;
  ordered.reserve(data.size());
  size_t from = 0;
  while (ordered.size() < data.size()) {
    ordered.append(data.substr(from, size));
    for (size_t k = rank; k-- > 0;) {
      from += strides[k];
      if (++index[k] < shape[k]) break;
      from -= strides[k] * static_cast<size_t>(shape[k]);
      index[k] = 0;
    }
  }
  return ordered;
}

// IEEE 754 binary16.
double half(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const int fraction = bits & 0x3FF;
  const double sign = bits >> 15 != 0 ? -1 : 1;
  if (exponent == 0x1F)
    return sign * (fraction == 0 ? std::numeric_limits<double>::infinity() : NAN);
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(fraction + 0x400, exponent - 25);
}

template <typename Element, typename Function>
void each(std::string_view data, Function function) {
  for (size_t at = 0; at < data.size(); at += sizeof(Element)) {
    Element element;
    std::memcpy(&element, data.data() + at, sizeof element);
    function(element);
  }
}

// Calls `function` with every element, in order, in the array's own C++ type.
template <typename Function>
void each_element(const NpyArray& array, Function function) {
  const std::string& type = array.dtype;
  if (type == "b1") each<uint8_t>(array.data, [&](uint8_t bit) { function(bit != 0 ? 1 : 0); });
  if (type == "u1") each<uint8_t>(array.data, function);
  if (type == "u2") each<uint16_t>(array.data, function);
  if (type == "u4") each<uint32_t>(array.data, function);
  if (type == "u8") each<uint64_t>(array.data, function);
  if (type == "i1") each<int8_t>(array.data, function);
  if (type == "i2") each<int16_t>(array.data, function);
  if (type == "i4") each<int32_t>(array.data, function);
  if (type == "i8") each<int64_t>(array.data, function);
  if (type == "f2") each<uint16_t>(array.data, [&](uint16_t bits) { function(half(bits)); });
  if (type == "f4") each<float>(array.data, function);
  if (type == "f8") each<double>(array.data, function);
}

}  // namespace

NpyHeader parse_npy_header(std::string_view bytes, uint64_t file_bytes, const std::string& where) {
  const auto [begin, end] = header_bounds(bytes, where);
  const Header read = HeaderReader(bytes.substr(begin, end - begin), begin, where).read();
  NpyHeader header{.dtype = checked_dtype(*read.descr, where),
                   .shape = *read.shape,
                   .fortran_order = *read.fortran_order,
                   .big_endian = (*read.descr)[0] == '>',
                   .begin = end,
                   .bytes = file_bytes - end};
  const auto size = static_cast<uint64_t>(header.dtype[1] - '0');
  uint64_t expected = size;
  for (const int64_t dimension : header.shape) {
    // Compared by division, because the product of malicious dimensions would overflow.
    if (expected > header.bytes / static_cast<uint64_t>(dimension)) {
      throw InputError(
          fmt::format("{}: truncated: declares [{}] elements of {} bytes, holds {} bytes", where,
                      fmt::join(header.shape, ", "), size, header.bytes));
    }
    expected *= static_cast<uint64_t>(dimension);
  }
  if (expected == header.bytes) return header;
  throw InputError(fmt::format("{}: byte {}: {} bytes of elements; [{}] of type {} take {}", where,
                               end, header.bytes, fmt::join(header.shape, ", "), header.dtype,
                               expected));
}

std::string with_bytes_swapped(std::string data, size_t size) {
  for (size_t at = 0; at < data.size(); at += size) {
    std::reverse(data.data() + at, data.data() + at + size);
  }
  return data;
}

NpyArray parse_npy(std::string_view bytes, const std::string& where) {
  const NpyHeader header = parse_npy_header(bytes, bytes.size(), where);
  const auto size = static_cast<size_t>(header.dtype[1] - '0');
  const std::string_view data = bytes.substr(header.begin);
  NpyArray array{header.dtype, header.shape, {}};
  array.data = header.fortran_order ? row_major(data, array.shape, size) : std::string(data);
  if (header.big_endian) array.data = with_bytes_swapped(std::move(array.data), size);
  return array;
}

std::string npy_of_floats(std::string_view floats, const std::vector<int64_t>& shape) {
  std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}",
                                   fmt::join(shape, ", "));
  // NumPy aligns the elements to 64 bytes.
  constexpr size_t kBefore = 10;
  constexpr size_t kAlignment = 64;
  header.append(kAlignment - (kBefore + header.size()) % kAlignment, ' ').back() = '\n';
  const std::array<char, 4> sizes{1, 0, static_cast<char>(header.size() & 0xFF),
                                  static_cast<char>(header.size() >> 8)};
  return std::string(kMagic).append(sizes.data(), sizes.size()).append(header).append(floats);
}

std::vector<float> to_floats(const NpyArray& array) {
  std::vector<float> values;
  values.reserve(array.data.size() / static_cast<size_t>(array.dtype[1] - '0'));
  each_element(array, [&](auto element) { values.push_back(static_cast<float>(element)); });
  return values;
}

std::vector<int64_t> to_integers(const NpyArray& array, const std::string& where) {
  std::vector<int64_t> values;
  each_element(array, [&](auto element) {
    const auto value = static_cast<double>(element);
    // Written so that NaN fails as well.
    if (!(std::abs(value) <= 9007199254740992.0) || value != std::floor(value)) {
      throw InputError(
          fmt::format("{}: element {} is {}; wanted a whole number", where, values.size(), value));
    }
    values.push_back(static_cast<int64_t>(element));
  });
  return values;
}

}  // namespace ncprune
