#include "ncprune/base/file.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "ncprune/base/error.h"
#include "ncprune/base/output.h"

namespace ncprune {
namespace fs = std::filesystem;

std::string read_file(const std::string& path, uint64_t max_bytes, const std::string& advice) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    throw InputError(fmt::format("{}: is a folder; wanted a file", path));
  }
  // gzread passes plain files through unchanged.
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose_r);
  if (!file) throw InputError(fmt::format("{}: {}", path, std::strerror(errno)));
  std::string bytes;
  // Growing would take up to three times the memory.
  const auto size = fs::file_size(path, error);
  if (!error && gzdirect(file.get()) != 0) bytes.reserve(std::min(size, max_bytes));
  std::array<char, 1 << 16> block{};
  for (;;) {
    const int count = gzread(file.get(), block.data(), block.size());
    if (count > 0) bytes.append(block.data(), static_cast<size_t>(count));
    if (bytes.size() > max_bytes) {
      throw InputError(fmt::format("{}: larger than {} bytes{}", path, max_bytes, advice));
    }
    if (count == static_cast<int>(block.size())) continue;
    int code = Z_OK;
    const char* message = gzerror(file.get(), &code);
    if (code != Z_OK && code != Z_STREAM_END) {
      throw InputError(fmt::format("{}: damaged gzip data ({})", path,
                                   code == Z_BUF_ERROR ? "the file is truncated" : message));
    }
    return bytes;
  }
}

void require_writable(const std::string& path) {
  if (output_left_to_another()) return;
  const fs::path folder = fs::absolute(path).parent_path();
  if (!fs::is_directory(folder)) {
    throw InputError(fmt::format("{}: the folder {} does not exist", path, folder.string()));
  }
  if (fs::is_directory(path) || access(folder.c_str(), W_OK) != 0) {
    throw InputError(fmt::format("{}: cannot be written", path));
  }
}

void write_file(const std::string& path, std::string_view content) {
  if (output_left_to_another()) return;
  require_writable(path);
  const std::string temporary = fmt::format("{}.{}.tmp", path, getpid());
  std::FILE* file = std::fopen(temporary.c_str(), "wb");
  bool good = file != nullptr;
  if (good) {
    good = std::fwrite(content.data(), 1, content.size(), file) == content.size();
    good = std::fclose(file) == 0 && good;
  }
  std::error_code error;
  if (good) fs::rename(temporary, path, error);
  if (!good || error) {
    const std::string reason = error ? error.message() : std::strerror(errno);
    fs::remove(temporary, error);
    throw InputError(fmt::format("{}: cannot be written: {}", path, reason));
  }
}

}  // namespace ncprune
