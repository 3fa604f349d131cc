#include "ncprune/data/npz.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <memory>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

using Archive = std::unique_ptr<zip_t, void (*)(zip_t*)>;
using Entry = std::unique_ptr<zip_file_t, int (*)(zip_file_t*)>;

Archive open_archive(std::string_view bytes, const std::string& where) {
  // libzip accepts an empty file as an archive without entries.
  if (bytes.empty()) throw InputError(fmt::format("{}: empty; wanted a .npz archive", where));
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t* archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  if (archive == nullptr) {
    const std::string reason = zip_error_strerror(&error);
    zip_error_fini(&error);
    zip_source_free(source);  // an open archive would own it
    throw InputError(fmt::format("{}: not a readable .npz archive: {}", where, excerpt(reason)));
  }
  zip_error_fini(&error);
  return {archive, zip_discard};
}

// Unpacks an entry, called `where` in messages, to at most `max_bytes`.
std::string inflate(zip_t* archive, const zip_stat_t& entry, uint64_t max_bytes,
                    const std::string& where) {
  if (entry.comp_method != ZIP_CM_STORE && entry.comp_method != ZIP_CM_DEFLATE) {
    throw InputError(fmt::format("{}: compression method {}; wanted stored (0) or deflated (8)",
                                 where, entry.comp_method));
  }
  if (entry.size > max_bytes) {
    throw InputError(fmt::format("{}: declares {} bytes; at most {} are read from one file", where,
                                 entry.size, max_bytes));
  }
  const Entry file(zip_fopen_index(archive, entry.index, 0), zip_fclose);
  if (!file) throw InputError(fmt::format("{}: {}", where, excerpt(zip_strerror(archive))));
  // Grows with the data that exist: the declared size may be false.
  std::string content;
  std::array<char, 1 << 16> block{};
  for (;;) {
    const zip_int64_t count = zip_fread(file.get(), block.data(), block.size());
    if (count < 0) {
      throw InputError(
          fmt::format("{}: damaged: {}", where, excerpt(zip_file_strerror(file.get()))));
    }
    if (count == 0) break;
    content.append(block.data(), static_cast<size_t>(count));
    if (content.size() > entry.size) break;
  }
  if (content.size() != entry.size) {
    throw InputError(
        fmt::format("{}: damaged: does not inflate to the declared {} bytes", where, entry.size));
  }
  return content;
}

}  // namespace

NpzArchive parse_npz(std::string_view bytes, const std::vector<std::string>& wanted,
                     const std::string& where) {
  const Archive archive = open_archive(bytes, where);
  NpzArchive result;
  uint64_t room = kMaxFileBytes;
  const zip_int64_t entries = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    zip_stat_t entry;
    constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD;
    if (zip_stat_index(archive.get(), static_cast<zip_uint64_t>(i), 0, &entry) != 0 ||
        (entry.valid & kNeeded) != kNeeded) {
      throw InputError(fmt::format("{}: entry {} of the archive is damaged", where, i));
    }
    std::string name = entry.name;
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    result.names.push_back(name);
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
    if (result.arrays.contains(name)) {
      throw InputError(fmt::format("{}: two arrays are called '{}'", where, name));
    }
    const std::string array_where = fmt::format("{}: array '{}'", where, name);
    const std::string content = inflate(archive.get(), entry, room, array_where);
    room -= content.size();
    result.arrays.emplace(name, parse_npy(content, array_where));
  }
  return result;
}

}  // namespace ncprune
