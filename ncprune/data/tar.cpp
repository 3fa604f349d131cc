#include "ncprune/data/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <numeric>

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

using Reader = std::unique_ptr<archive, int (*)(archive*)>;

// Walks over the entries of an archive of `size` bytes whose contents are skipped.
class TarIndex {
 public:
  using Wanted = std::function<bool(const std::string&)>;

  TarIndex(archive* reader, uint64_t size, const std::string& where)
      : reader_(reader), size_(size), where_(where) {}

  TarArchive read(const Wanted& wanted, const TarLimits& limits) {
    size_t entries = 0;
    for (;;) {
      archive_entry* entry = nullptr;
      const int code = archive_read_next_header(reader_, &entry);
      if (code == ARCHIVE_EOF) break;
      // Warnings concern unused properties: owners, times, a name in another character set.
      if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
        throw InputError(fmt::format("{}: not a readable tar file: {}", where_, reason(reader_)));
      }
      if (++entries > limits.entries) {
        throw InputError(fmt::format("{}: more than {} entries", where_, limits.entries));
      }
      add(entry, wanted, limits);
    }
    require_different_names();
    return std::move(result_);
  }

 private:
  void add(archive_entry* entry, const Wanted& wanted, const TarLimits& limits) {
    std::string name = entry_name(entry, where_);
    const auto type = archive_entry_filetype(entry);
    const bool link = archive_entry_hardlink(entry) != nullptr;
    if (type == AE_IFDIR && !link) {
      if (!name.empty()) result_.folders.push_back(std::move(name));
      return;
    }
    if (type != AE_IFREG || link) {
      throw InputError(fmt::format("{} is {}; wanted files and folders", called(name),
                                   link || type == AE_IFLNK ? "a link" : "not a file"));
    }
    // The headers are read, so the content comes next.
    const auto offset = static_cast<uint64_t>(archive_filter_bytes(reader_, 0));
    const auto size = static_cast<uint64_t>(archive_entry_size(entry));
    const bool holes = archive_entry_sparse_count(entry) > 0;
    if (!holes && (offset > size_ || size > size_ - offset)) {
      throw InputError(fmt::format("{}: truncated: declares {} bytes, {} are there", called(name),
                                   size, offset > size_ ? 0 : size_ - offset));
    }
    if (!wanted(name)) return;
    if (holes) {
      throw InputError(fmt::format(
          "{} is stored with holes; wanted a tar file made without --sparse", called(name)));
    }
    if (size > limits.file_bytes) {
      throw InputError(fmt::format("{}: larger than {} bytes", called(name), limits.file_bytes));
    }
    result_.files.push_back({std::move(name), offset, size});
  }

  // Compared afterwards, because a set of a million names takes more memory than the index.
  void require_different_names() const {
    const std::vector<TarFile>& files = result_.files;
    std::vector<size_t> order(files.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return files[a].name < files[b].name; });
    size_t first = files.size();  // in the archive, of the files whose name occurred before
    for (size_t i = 1; i < order.size(); ++i) {
      if (files[order[i - 1]].name == files[order[i]].name) first = std::min(first, order[i]);
    }
    if (first < files.size()) throw InputError(called(files[first].name) + " occurs twice");
  }

  std::string called(const std::string& name) const {
    return fmt::format("{}: entry '{}'", where_, excerpt(name));
  }

  archive* reader_;
  uint64_t size_;
  const std::string& where_;
  TarArchive result_;
};

Reader new_reader() {
  Reader reader(archive_read_new(), archive_read_free);
  if (!reader) throw std::bad_alloc();
  archive_read_support_format_tar(reader.get());
  return reader;
}

void require_open(int code, const Reader& reader, const std::string& where) {
  if (code == ARCHIVE_OK) return;
  throw InputError(fmt::format("{}: not a readable tar file: {}", where, reason(reader.get())));
}

}  // namespace

TarArchive index_tar(std::string_view bytes, const std::function<bool(const std::string&)>& wanted,
                     const std::string& where, const TarLimits& limits) {
  const Reader reader = new_reader();
  require_open(archive_read_open_memory(reader.get(), bytes.data(), bytes.size()), reader, where);
  return TarIndex(reader.get(), bytes.size(), where).read(wanted, limits);
}

TarArchive index_tar(const RandomAccessFile& file,
                     const std::function<bool(const std::string&)>& wanted,
                     const TarLimits& limits) {
  constexpr size_t kBlockBytes = 1 << 14;  // the smaller, the less is read of skipped contents
  const Reader reader = new_reader();
  require_open(archive_read_open_fd(reader.get(), file.descriptor(), kBlockBytes), reader,
               file.path());
  TarArchive result = TarIndex(reader.get(), file.size(), file.path()).read(wanted, limits);
  file.require_unchanged(file.path());
  return result;
}

}  // namespace ncprune
