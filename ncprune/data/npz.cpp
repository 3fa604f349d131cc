#include "ncprune/data/npz.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/random_access.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

using Archive = std::shared_ptr<zip_t>;
using Entry = std::unique_ptr<zip_file_t, int (*)(zip_file_t*)>;

InputError unreadable(zip_error_t& error, const std::string& where) {
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  return InputError(fmt::format("{}: not a readable .npz archive: {}", where, excerpt(reason)));
}

// `source` is that of a file which is not empty; the archive owns it.
Archive open_archive(zip_source_t* source, zip_error_t& error, const std::string& where) {
  zip_t* archive = source == nullptr ? nullptr : zip_open_from_source(source, ZIP_RDONLY, &error);
  if (archive == nullptr) {
    zip_source_free(source);  // an open archive would own it
    throw unreadable(error, where);
  }
  zip_error_fini(&error);
  return {archive, zip_discard};
}

void require_not_empty(uint64_t size, const std::string& where) {
  // libzip accepts an empty file as an archive without entries.
  if (size == 0) throw InputError(fmt::format("{}: empty; wanted a .npz archive", where));
}

Archive open_archive(std::string_view bytes, const std::string& where) {
  require_not_empty(bytes.size(), where);
  zip_error_t error;
  zip_error_init(&error);
  return open_archive(zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error), error,
                      where);
}

// A file and the archive in it, which is used by one thread at a time.
struct OpenFile {
  explicit OpenFile(const std::string& path) : file(path) {
    require_not_empty(file.size(), path);
    // A descriptor of the same file, because the path may lead to another one by now.
    const int descriptor = dup(file.descriptor());
    std::FILE* stream = descriptor < 0 ? nullptr : fdopen(descriptor, "rb");
    if (stream == nullptr) {
      const int code = errno;
      if (descriptor >= 0) close(descriptor);
      throw InputError(fmt::format("{}: {}", path, std::strerror(code)));
    }
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_filep_create(stream, 0, -1, &error);
    if (source == nullptr) {
      std::fclose(stream);
      throw unreadable(error, path);
    }
    archive = open_archive(source, error, path);
  }

  RandomAccessFile file;
  std::mutex mutex;
  Archive archive;
};

Entry open_entry(zip_t* archive, uint64_t index, const std::string& where) {
  Entry entry(zip_fopen_index(archive, index, 0), zip_fclose);
  if (!entry) throw InputError(fmt::format("{}: {}", where, excerpt(zip_strerror(archive))));
  return entry;
}

// The elements of an entry that is stored.
class EntryElements : public StoredElements {
 public:
  EntryElements(std::shared_ptr<OpenFile> open, uint64_t index, std::string where)
      : open_(std::move(open)),
        where_(std::move(where)),
        entry_(open_entry(open_->archive.get(), index, where_)) {}

  const std::string& where() const override { return where_; }

  std::string read(uint64_t offset, uint64_t count) const override {
    std::string bytes = read_entry(begin_ + offset, count);
    return swapped_ == 1 ? bytes : with_bytes_swapped(std::move(bytes), swapped_);
  }

  // Reads the array's header from an entry of `size` bytes; none when the array cannot stay.
  std::optional<NpyArray> array(uint64_t size, uint64_t most_elements) {
    constexpr uint64_t kMostHeader = 10 + 65536;
    const std::string beginning = read_entry(0, std::min(size, kMostHeader));
    const bool first_version = beginning.size() > 6 && beginning[6] == 1;
    if (!first_version) return std::nullopt;
    const NpyHeader header = parse_npy_header(beginning, size, where_);
    const auto element = static_cast<size_t>(header.dtype[1] - '0');
    if (header.fortran_order || header.bytes / element <= most_elements) return std::nullopt;
    begin_ = header.begin;
    swapped_ = header.big_endian ? element : 1;
    read_entry(size - 1, 1);  // the file may end before
    return NpyArray{header.dtype, header.shape, {}};
  }

 private:
  std::string read_entry(uint64_t offset, uint64_t count) const {
    std::string bytes(count, '\0');
    const std::lock_guard lock(open_->mutex);
    zip_int64_t got = 0;
    if (zip_fseek(entry_.get(), static_cast<zip_int64_t>(offset), SEEK_SET) == 0) {
      while (got < std::ssize(bytes)) {
        const zip_int64_t more = zip_fread(entry_.get(), bytes.data() + got,
                                           static_cast<zip_uint64_t>(std::ssize(bytes) - got));
        if (more <= 0) break;
        got += more;
      }
    }
    open_->file.require_unchanged(where_);
    if (got == std::ssize(bytes)) return bytes;
    throw InputError(fmt::format("{}: damaged: {} bytes from byte {} on cannot be read{}{}", where_,
                                 count, offset, got < 0 ? ": " : "",
                                 got < 0 ? excerpt(zip_file_strerror(entry_.get())) : ""));
  }

  std::shared_ptr<OpenFile> open_;
  std::string where_;
  Entry entry_;
  uint64_t begin_ = 0;  // of the elements, in the entry
  size_t swapped_ = 1;  // bytes of an element that are in the other order
};

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
  const Entry file = open_entry(archive, entry.index, where);
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

bool is_listed(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// `open` is the file if the archive is in one, otherwise null.
NpzArchive read_archive(zip_t* archive, const NpzRequest& request, const std::string& where,
                        const std::shared_ptr<OpenFile>& open) {
  NpzArchive result;
  uint64_t room = request.max_bytes;
  const zip_int64_t entries = zip_get_num_entries(archive, 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    zip_stat_t entry;
    constexpr zip_uint64_t kNeeded =
        ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if (zip_stat_index(archive, static_cast<zip_uint64_t>(i), 0, &entry) != 0 ||
        (entry.valid & kNeeded) != kNeeded) {
      throw InputError(fmt::format("{}: entry {} of the archive is damaged", where, i));
    }
    std::string name = entry.name;
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    result.names.push_back(name);
    if (!is_listed(request.wanted, name)) continue;
    if (result.arrays.contains(name)) {
      throw InputError(fmt::format("{}: two arrays are called '{}'", where, name));
    }
    const std::string array_where = fmt::format("{}: array '{}'", where, name);
    if (open && entry.comp_method == ZIP_CM_STORE && entry.comp_size == entry.size &&
        entry.size > request.most_elements && is_listed(request.may_stay, name)) {
      const auto elements = std::make_shared<EntryElements>(open, entry.index, array_where);
      if (auto array = elements->array(entry.size, request.most_elements)) {
        array->stored = elements;
        result.arrays.emplace(name, std::move(*array));
        continue;
      }
    }
    const std::string content = inflate(archive, entry, room, array_where);
    room -= content.size();
    result.arrays.emplace(name, parse_npy(content, array_where));
  }
  return result;
}

}  // namespace

NpzArchive parse_npz(std::string_view bytes, const std::vector<std::string>& wanted,
                     const std::string& where) {
  const NpzRequest request{.wanted = wanted, .max_bytes = kMaxFileBytes};
  return read_archive(open_archive(bytes, where).get(), request, where, nullptr);
}

NpzArchive read_npz(const std::string& path, const NpzRequest& request) {
  const auto open = std::make_shared<OpenFile>(path);
  return read_archive(open->archive.get(), request, path, open);
}

}  // namespace ncprune
