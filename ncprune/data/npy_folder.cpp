#include "ncprune/data/npy_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/random_access.h"
#include "ncprune/base/spec.h"

namespace ncprune {
namespace {

constexpr const char* kClassFile = "classes.txt";
constexpr uint64_t kMaxClassBytes = uint64_t{1} << 24;

// The elements of a .npy file, read when they are needed.
class FileElements : public StoredElements {
 public:
  explicit FileElements(const std::string& path) : file_(path) {}

  const std::string& where() const override { return file_.path(); }

  std::string read(uint64_t offset, uint64_t count) const override {
    std::string bytes = file_.read(begin_ + offset, count, where());
    return swapped_ == 1 ? bytes : with_bytes_swapped(std::move(bytes), swapped_);
  }

  void read_into(char* out, uint64_t offset, uint64_t count) const override {
    if (swapped_ != 1) return StoredElements::read_into(out, offset, count);
    file_.read_into(out, begin_ + offset, count, where());
  }

  // Reads the array's header; none when the array cannot stay.
  std::optional<NpyArray> array(uint64_t most_elements) {
    constexpr uint64_t kMostHeader = 10 + 65536;
    const std::string beginning = file_.read(0, std::min(file_.size(), kMostHeader), file_.path());
    const bool first_version = beginning.size() > 6 && beginning[6] == 1;
    if (!first_version) return std::nullopt;
    const NpyHeader header = parse_npy_header(beginning, file_.size(), file_.path());
    const auto element = static_cast<size_t>(header.dtype[1] - '0');
    if (header.fortran_order || header.bytes / element <= most_elements) return std::nullopt;
    begin_ = header.begin;
    swapped_ = header.big_endian ? element : 1;
    return NpyArray{header.dtype, header.shape, {}};
  }

 private:
  RandomAccessFile file_;
  uint64_t begin_ = 0;  // of the elements
  size_t swapped_ = 1;  // bytes of an element that are in the other order
};

NpyArray read_array(const std::string& path, const NpzRequest& request, bool may_stay) {
  if (may_stay) {
    const auto elements = std::make_shared<FileElements>(path);
    if (auto array = elements->array(request.most_elements)) {
      array->stored = elements;
      return *array;
    }
  }
  return parse_npy(read_file(path, request.max_bytes), path);
}

// The lines of the file, none of them empty.
std::vector<std::string> read_class_names(const std::string& path) {
  std::vector<std::string> names;
  for (std::string& line : split(read_file(path, kMaxClassBytes), '\n')) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) names.push_back(std::move(line));
  }
  if (names.empty())
    throw InputError(fmt::format("{}: is empty; wanted a name in every line", path));
  return names;
}

}  // namespace

NpzArchive read_npy_folder(const std::string& folder, const NpzRequest& request) {
  namespace fs = std::filesystem;
  NpzArchive result;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path& path = entry->path();
    if (path.filename() == kClassFile) result.class_names = read_class_names(path.string());
    if (path.extension() == ".npy") result.names.push_back(path.stem().string());
  }
  if (error) throw InputError(fmt::format("{}: {}", folder, error.message()));
  std::sort(result.names.begin(), result.names.end());
  const auto is_in = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const std::string& name : result.names) {
    if (!is_in(request.wanted, name)) continue;
    const std::string path = (fs::path(folder) / (name + ".npy")).string();
    result.arrays.emplace(name, read_array(path, request, is_in(request.may_stay, name)));
  }
  return result;
}

}  // namespace ncprune
