#include "ncprune/data/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/printable_text.h"

namespace ncprune {
namespace {

unsigned octet(std::string_view text, size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
}

bool is_utf8(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080U;
  for (size_t i = 0; i < text.size();) {
    uint64_t eight = kHighBits;
    if (i + sizeof eight <= text.size()) std::memcpy(&eight, text.data() + i, sizeof eight);
    const bool ascii = (eight & kHighBits) == 0;
    const size_t length = ascii ? sizeof eight : character_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

void append_utf8(std::string& text, uint32_t c) {
  const auto byte = [&](uint32_t value) { text += static_cast<char>(value); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | (c >> 6));
    byte(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    byte(0xE0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 0x3F));
    byte(0x80 | (c & 0x3F));
  } else {
    byte(0xF0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 0x3F));
    byte(0x80 | ((c >> 6) & 0x3F));
    byte(0x80 | (c & 0x3F));
  }
}

std::string from_windows_1252(std::string_view bytes) {
  // The characters of the bytes 0x80 to 0x9F; those that Windows leaves undefined stay as in
  // Latin-1.
  constexpr std::array<uint16_t, 32> kSpecial{
      0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 16);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    append_utf8(text, byte >= 0x80 && byte < 0xA0 ? kSpecial.at(byte - 0x80U) : byte);
  }
  return text;
}

// `bytes` begin after the byte order mark; `high` is the place of the high byte in a pair, 0 or 1.
std::string from_utf16(std::string_view bytes, size_t high, const std::string& where) {
  std::string text;
  text.reserve(bytes.size());
  const auto unit = [&](size_t i) {
    return (octet(bytes, i + high) << 8U) | octet(bytes, i + 1 - high);
  };
  for (size_t i = 0; i < bytes.size(); i += 2) {
    uint32_t c = unit(i);
    bool valid = i + 2 <= bytes.size() && (c < 0xDC00 || c > 0xDFFF);
    if (c >= 0xD800 && c < 0xDC00) {
      const uint32_t second = i + 4 <= bytes.size() ? unit(i + 2) : 0;
      valid = second >= 0xDC00 && second <= 0xDFFF;
      c = 0x10000 + ((c - 0xD800) << 10U) + (second - 0xDC00);
      i += 2;
    }
    if (!valid) throw InputError(fmt::format("{}: byte {} is not valid UTF-16", where, i + 2));
    append_utf8(text, c);
  }
  return text;
}

// A format that is not text, by the bytes at its beginning.
struct ForeignFormat {
  std::string_view magic;
  std::string_view name;
  std::string_view advice;
};

void require_no_foreign_format(std::string_view bytes, const std::string& where) {
  constexpr std::array<ForeignFormat, 4> kFormats{{
      {"PAR1", "a Parquet file",
       "convert it to CSV (in Python: pandas.read_parquet(FILE).to_csv(CSV, index=False))"},
      {"ARROW1", "an Arrow file",
       "convert it to CSV (in Python: pandas.read_feather(FILE).to_csv(CSV, index=False))"},
      {"PK\x03\x04", "a ZIP or Excel file", "unpack it, or export the sheet as CSV"},
      {"\xD0\xCF\x11\xE0", "an Excel file", "export the sheet as CSV"},
  }};
  for (const ForeignFormat& format : kFormats) {
    if (!bytes.starts_with(format.magic)) continue;
    throw InputError(fmt::format("{}: is {}, which ncprune does not read; {}", where, format.name,
                                 format.advice));
  }
}

DecodedText decoded(std::string bytes, const std::string& where) {
  if (bytes.starts_with("\xFF\xFE")) {
    return {from_utf16(std::string_view(bytes).substr(2), 1, where), "is read as UTF-16"};
  }
  if (bytes.starts_with("\xFE\xFF")) {
    return {from_utf16(std::string_view(bytes).substr(2), 0, where), "is read as UTF-16"};
  }
  if (is_utf8(bytes)) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (bytes.starts_with(kByteOrderMark)) bytes.erase(0, kByteOrderMark.size());
    return {std::move(bytes), ""};
  }
  return {from_windows_1252(bytes), "is not UTF-8; it is read as Windows-1252 (Latin-1)"};
}

}  // namespace

DecodedText decode_text(std::string bytes, const std::string& where) {
  require_no_foreign_format(bytes, where);
  DecodedText result = decoded(std::move(bytes), where);
  if (result.text.size() > kMaxFileBytes) {
    throw InputError(fmt::format("{}: its text is longer than {} bytes", where, kMaxFileBytes));
  }
  const size_t zero = result.text.find('\0');
  if (zero != std::string::npos) {
    const auto line = 1 + std::count(result.text.begin(),
                                     result.text.begin() + static_cast<std::ptrdiff_t>(zero), '\n');
    throw InputError(fmt::format("{}: line {} holds a byte 0; wanted a text file", where, line));
  }
  return result;
}

}  // namespace ncprune
