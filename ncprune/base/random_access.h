#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ncprune {

// A file that is read in parts, when they are needed. Several threads may read at once. The file is
// to stay as it is: a file that another program replaces (writes anew and renames) is read as it
// was, and one that is changed in place is refused at the next read.
class RandomAccessFile {
 public:
  // Opens `path`. Throws InputError when it cannot be opened or is a folder.
  explicit RandomAccessFile(std::string path);
  ~RandomAccessFile();
  RandomAccessFile(const RandomAccessFile&) = delete;
  RandomAccessFile& operator=(const RandomAccessFile&) = delete;

  const std::string& path() const { return path_; }
  int descriptor() const { return descriptor_; }  // for libraries that read it; the file owns it
  uint64_t size() const { return size_; }         // in bytes

  // Whether the file begins with these bytes.
  bool starts_with(std::string_view bytes) const;

  // The `count` bytes from `offset` on, or into `out`. REQUIRES: they lie within size(). Throws
  // InputError, naming `where`, when the file was changed since it was opened or cannot be read.
  std::string read(uint64_t offset, uint64_t count, const std::string& where) const;
  void read_into(char* out, uint64_t offset, uint64_t count, const std::string& where) const;

  // Throws InputError, naming `where`, when the file was changed since it was opened.
  void require_unchanged(const std::string& where) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
  int64_t changed_ = 0;  // when the content last changed, in nanoseconds
};

}  // namespace ncprune
