#include "ncprune/base/random_access.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

int64_t change_time(const struct stat& status) {
  return int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

}  // namespace

RandomAccessFile::RandomAccessFile(std::string path)
    : path_(std::move(path)), descriptor_(open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status {};
  if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) {
    const int error = errno;
    if (descriptor_ >= 0) close(descriptor_);
    throw InputError(fmt::format("{}: {}", path_, std::strerror(error)));
  }
  if (!S_ISREG(status.st_mode)) {
    close(descriptor_);
    throw InputError(fmt::format("{}: is {}; wanted a file", path_,
                                 S_ISDIR(status.st_mode) ? "a folder" : "not a regular file"));
  }
  size_ = static_cast<uint64_t>(status.st_size);
  changed_ = change_time(status);
}

RandomAccessFile::~RandomAccessFile() {
  close(descriptor_);
}

bool RandomAccessFile::starts_with(std::string_view bytes) const {
  return size_ >= bytes.size() && read(0, bytes.size(), path_) == bytes;
}

std::string RandomAccessFile::read(uint64_t offset, uint64_t count,
                                   const std::string& where) const {
  std::string bytes(count, '\0');
  read_into(bytes.data(), offset, count, where);
  return bytes;
}

void RandomAccessFile::read_into(char* out, uint64_t offset, uint64_t count,
                                 const std::string& where) const {
  constexpr uint64_t kMaxAtOnce = 1 << 30;  // the kernel reads less than 2 GB in one call
  while (count > 0) {
    const ssize_t got =
        pread(descriptor_, out, std::min(count, kMaxAtOnce), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw InputError(fmt::format("{}: {}", where, std::strerror(errno)));
    if (got == 0) break;  // which require_unchanged() explains
    out += got;
    offset += static_cast<uint64_t>(got);
    count -= static_cast<uint64_t>(got);
  }
  // Afterwards, because a file that changes before is found to have changed then, too.
  require_unchanged(where);
  if (count > 0) throw InputError(fmt::format("{}: the file ends before byte {}", where, offset));
}

void RandomAccessFile::require_unchanged(const std::string& where) const {
  struct stat status {};
  if (fstat(descriptor_, &status) != 0) {
    throw InputError(fmt::format("{}: {}", where, std::strerror(errno)));
  }
  if (static_cast<uint64_t>(status.st_size) == size_ && change_time(status) == changed_) return;
  throw InputError(
      fmt::format("{}: the file was changed while it was in use ({} bytes before, {} now)", where,
                  size_, status.st_size));
}

}  // namespace ncprune
