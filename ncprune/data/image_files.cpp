#include "ncprune/data/image_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/log.h"
#include "ncprune/base/random_access.h"
#include "ncprune/base/runtime.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/image.h"
#include "ncprune/data/image_list.h"
#include "ncprune/data/tar.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

// Adds a file to the listing. Returns whether it is an image that will be read.
bool add_file(ImageListing& listing, const std::string& name) {
  if (std::string foreign = left_behind(name); !foreign.empty()) {
    listing.left_behind.insert(std::move(foreign));
  } else if (is_image_name(name)) {
    listing.images.push_back(name);
    return true;
  } else if (!unread_image_ending(name).empty()) {
    listing.unread.push_back(name);
  }
  return false;
}

ImageListing list_folder(const std::string& folder) {
  ImageListing listing{
      .where = folder, .images = {}, .folders = {}, .unread = {}, .left_behind = {}};
  try {
    constexpr auto kFollow = fs::directory_options::follow_directory_symlink;
    for (auto entry = fs::recursive_directory_iterator(folder, kFollow); entry != end(entry);
         ++entry) {
      constexpr int kMaxDepth = 16;  // a link to an enclosing folder never ends
      const std::string name = entry->path().lexically_relative(folder).string();
      const bool is_folder = entry->is_directory();
      const bool skipped = is_folder && !left_behind(name).empty();
      if (skipped || entry.depth() > kMaxDepth) entry.disable_recursion_pending();
      if (is_folder && !skipped) listing.folders.push_back(name);
      if (skipped) listing.left_behind.insert(name);
      if (entry->is_regular_file()) add_file(listing, name);
      if (listing.images.size() + listing.folders.size() > kMaxImageFiles) {
        throw InputError(fmt::format("{}: contains more than {} images", folder, kMaxImageFiles));
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw InputError(fmt::format("{}: {}", folder, error.code().message()));
  }
  return listing;
}

ImageFiles::File file_in(const std::string& folder, const std::string& name) {
  const std::string path = (fs::path(folder) / name).string();
  return {read_file(path, kMaxImageFileBytes), excerpt(path)};
}

ImageFiles folder_images(const std::string& folder, const std::vector<std::string>& classes) {
  ImageListing listing = list_folder(folder);
  ImageFiles files{
      .where = folder, .names = {}, .layout = arrange_images(listing, classes), .source = {}};
  files.names = std::move(listing.images);
  files.source = [folder](size_t /*image*/, const std::string& name) {
    return file_in(folder, name);
  };
  return files;
}

// A tar file, of which pictures are read one by one.
struct OpenTar {
  std::unique_ptr<const RandomAccessFile> file;
  // The pictures instead, when the tar file is compressed or is no file (a pipe).
  std::string bytes;
};

OpenTar open_tar(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return {nullptr, read_file(path)};
  auto file = std::make_unique<const RandomAccessFile>(path);
  if (!file->starts_with("\x1f\x8b")) return {std::move(file), ""};
  return {nullptr, read_file(path, static_cast<uint64_t>(memory_limit()),
                             " (--memory); a gzipped tar file is held in memory, an unpacked one "
                             "is not")};
}

ImageFiles tar_images(const std::string& path, const std::vector<std::string>& classes) {
  const auto tar = std::make_shared<OpenTar>(open_tar(path));
  ImageListing listing{.where = path, .images = {}, .folders = {}, .unread = {}, .left_behind = {}};
  const auto wanted = [&](const std::string& name) { return add_file(listing, name); };
  const TarLimits limits{.entries = kMaxImageFiles, .file_bytes = kMaxImageFileBytes};
  TarArchive archive = tar->file ? index_tar(*tar->file, wanted, limits)
                                 : index_tar(tar->bytes, wanted, path, limits);
  struct Place {
    uint64_t offset;
    uint64_t size;
  };
  std::vector<Place> places;
  places.reserve(archive.files.size());
  uint64_t held = 0;  // bytes of pictures in memory, which lie one after the other
  for (const TarFile& file : archive.files) {
    places.push_back({tar->file ? file.offset : held, file.size});
    if (tar->file) continue;
    std::copy_n(tar->bytes.data() + file.offset, file.size, tar->bytes.data() + held);
    held += file.size;
  }
  tar->bytes.resize(held);
  tar->bytes.shrink_to_fit();
  archive.files = {};
  listing.folders = std::move(archive.folders);
  ImageFiles files{.where = path,
                   .names = {},
                   .layout = arrange_images(listing, classes),
                   .source = {},
                   .held_bytes = static_cast<int64_t>(held)};
  files.names = std::move(listing.images);
  files.source = [path, tar, places = std::move(places)](
                     size_t i, const std::string& name) -> ImageFiles::File {
    const auto& [offset, size] = places[i];
    std::string where = fmt::format("{}: entry '{}'", path, excerpt(name));
    std::string bytes =
        tar->file ? tar->file->read(offset, size, where) : tar->bytes.substr(offset, size);
    return {std::move(bytes), std::move(where)};
  };
  return files;
}

// The labels of a list, sorted; as numbers if all are.
std::vector<std::string> distinct_labels(const std::vector<ListedImage>& images) {
  std::set<std::string> distinct;
  for (const ListedImage& image : images) distinct.insert(image.label);
  std::map<double, std::string> by_number;
  for (const std::string& label : distinct) {
    double number = 0;
    const char* end = label.data() + label.size();
    const auto [stop, error] = std::from_chars(label.data(), end, number);
    if (error == std::errc() && stop == end) by_number.emplace(number, label);
  }
  std::vector<std::string> labels(distinct.begin(), distinct.end());
  if (by_number.size() != labels.size()) return labels;
  labels.clear();
  for (const auto& [number, label] : by_number) labels.push_back(label);
  return labels;
}

// The images of the list `path` as those of one part; the first has number `first`.
std::vector<PlacedImage> placed_from(const std::vector<ListedImage>& images,
                                     const std::string& path,
                                     const std::vector<std::string>& classes, size_t first) {
  std::map<std::string, int64_t> numbers;
  for (const std::string& name : classes) {
    numbers.emplace(name, static_cast<int64_t>(numbers.size()));
  }
  std::vector<PlacedImage> placed;
  for (const ListedImage& image : images) {
    const auto found = numbers.find(image.label);
    if (found == numbers.end()) {
      const auto count = std::count_if(images.begin(), images.end(), [&](const ListedImage& other) {
        return other.label == image.label;
      });
      throw InputError(fmt::format("{}: line {}: class '{}' ({} images) is none of the classes {}",
                                   path, image.line, excerpt(image.label), count,
                                   excerpt(fmt::format("{}", fmt::join(classes, ",")))));
    }
    placed.push_back({first + placed.size(), found->second});
  }
  return placed;
}

std::vector<std::string> paths_of(const std::vector<ListedImage>& images, const std::string& list) {
  std::vector<std::string> paths;
  paths.reserve(images.size());
  for (const ListedImage& image : images) {
    paths.push_back((fs::path(list).parent_path() / image.path).string());
  }
  return paths;
}

ImageFiles listed_images(const std::string& path, const std::string& test,
                         const std::vector<std::string>& classes) {
  const std::vector<ListedImage> train = parse_image_list(read_file(path), path);
  ImageFiles files{.where = path, .names = {}, .layout = {}, .source = {}};
  ImageLayout& layout = files.layout;
  layout.class_names = classes.empty() ? distinct_labels(train) : classes;
  layout.train = placed_from(train, path, layout.class_names, 0);
  files.names = paths_of(train, path);
  if (!test.empty()) {
    const std::vector<ListedImage> tested = parse_image_list(read_file(test), test);
    layout.test = placed_from(tested, test, layout.class_names, files.names.size());
    for (std::string& name : paths_of(tested, test)) files.names.push_back(std::move(name));
  }
  files.source = [](size_t /*image*/, const std::string& name) { return file_in("", name); };
  return files;
}

}  // namespace

ImageFiles find_images(const std::string& path, const std::string& test,
                       const std::vector<std::string>& classes) {
  const bool list = path.ends_with(".csv");
  if (!list && !test.empty()) {
    throw InputError(fmt::format(
        "images:{}: test={} without a list; wanted images:LIST.csv?test=LIST2.csv", path, test));
  }
  std::error_code error;
  ImageFiles files = list                            ? listed_images(path, test, classes)
                     : fs::is_directory(path, error) ? folder_images(path, classes)
                                                     : tar_images(path, classes);
  for (const std::string& line : files.layout.warnings) log_warning(line);
  for (const std::string& line : files.layout.notes) log_info(line);
  return files;
}

}  // namespace ncprune
