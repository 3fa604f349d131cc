#include "ncprune/data/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <memory>
#include <unordered_set>

#include "ncprune/base/error.h"
#include "ncprune/base/spec.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

// libarchive's text for the last error.
std::string reason(archive* reader) {
  const char* text = archive_error_string(reader);
  return text == nullptr ? "unknown error" : excerpt(text);
}

// The entry's name as "a/b/c". UTF-8 is tried first, because some locales cannot represent the
// name.
std::string entry_name(archive_entry* entry, const std::string& where) {
  const char* raw = archive_entry_pathname_utf8(entry);
  if (raw == nullptr) raw = archive_entry_pathname(entry);
  if (raw == nullptr) throw InputError(fmt::format("{}: an entry's name cannot be read", where));
  const std::string name = raw;
  constexpr size_t kLongestName = 4096;
  if (name.size() > kLongestName) {
    throw InputError(fmt::format("{}: entry '{}' has a name of {} bytes; wanted at most {}", where,
                                 excerpt(name), name.size(), kLongestName));
  }
  std::vector<std::string> parts;
  for (std::string& part : split(name, '/')) {
    if (part == ".." || name.starts_with('/')) {
      throw InputError(
          fmt::format("{}: entry '{}' leads outside the archive", where, excerpt(name)));
    }
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
  }
  return fmt::format("{}", fmt::join(parts, "/"));
}

std::string read_content(archive* reader, uint64_t max_bytes, const std::string& where) {
  std::string content;
  std::array<char, 1 << 16> block{};
  for (;;) {
    const la_ssize_t count = archive_read_data(reader, block.data(), block.size());
    if (count < 0) throw InputError(fmt::format("{}: damaged: {}", where, reason(reader)));
    if (count == 0) return content;
    content.append(block.data(), static_cast<size_t>(count));
    if (content.size() > max_bytes) {
      throw InputError(fmt::format("{}: larger than {} bytes", where, max_bytes));
    }
  }
}

}  // namespace

TarArchive parse_tar(std::string_view bytes, const std::function<bool(const std::string&)>& wanted,
                     const std::string& where, const TarLimits& limits) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
  if (!reader) throw std::bad_alloc();
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    throw InputError(fmt::format("{}: not a readable tar file: {}", where, reason(reader.get())));
  }
  TarArchive result;
  std::unordered_set<std::string> names;
  size_t entries = 0;
  for (;;) {
    archive_entry* entry = nullptr;
    const int code = archive_read_next_header(reader.get(), &entry);
    if (code == ARCHIVE_EOF) return result;
    // Warnings concern unused properties: owners, times, a name in another character set.
    if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
      throw InputError(fmt::format("{}: not a readable tar file: {}", where, reason(reader.get())));
    }
    if (++entries > limits.entries) {
      throw InputError(fmt::format("{}: more than {} entries", where, limits.entries));
    }
    std::string name = entry_name(entry, where);
    const std::string entry_where = fmt::format("{}: entry '{}'", where, excerpt(name));
    const auto type = archive_entry_filetype(entry);
    const bool link = archive_entry_hardlink(entry) != nullptr;
    if (type == AE_IFDIR && !link) {
      if (!name.empty()) result.folders.push_back(std::move(name));
    } else if (type != AE_IFREG || link) {
      throw InputError(fmt::format("{} is {}; wanted files and folders", entry_where,
                                   link || type == AE_IFLNK ? "a link" : "not a file"));
    } else if (wanted(name)) {
      if (!names.insert(name).second) throw InputError(entry_where + " occurs twice");
      result.files.push_back(
          {std::move(name), read_content(reader.get(), limits.file_bytes, entry_where)});
    }
  }
}

}  // namespace ncprune
