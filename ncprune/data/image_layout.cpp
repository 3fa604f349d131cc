#include "ncprune/data/image_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "ncprune/base/error.h"
#include "ncprune/base/spec.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

struct Path {
  std::vector<std::string> parts;
  size_t index;  // into the given paths
};

std::vector<Path> visible_paths(const std::vector<std::string>& names) {
  std::vector<Path> paths;
  for (size_t i = 0; i < names.size(); ++i) {
    Path path{split(names[i], '/'), i};
    const bool hidden = std::any_of(path.parts.begin(), path.parts.end(),
                                    [](const std::string& part) { return part.starts_with('.'); });
    if (!hidden) paths.push_back(std::move(path));
  }
  std::sort(paths.begin(), paths.end(),
            [](const Path& a, const Path& b) { return a.parts < b.parts; });
  return paths;
}

// The number of folders around everything: all files share them and have two more parts.
size_t depth_of_root(const std::vector<Path>& files) {
  size_t depth = 0;
  const auto shared = [&](const Path& path) {
    return path.parts.size() >= depth + 3 && path.parts[depth] == files.front().parts[depth];
  };
  while (std::all_of(files.begin(), files.end(), shared)) ++depth;
  return depth;
}

// The files or folders of one part: those below `root`, and below the part's name if it has one.
class Part {
 public:
  Part(size_t depth, std::vector<std::string> root, std::string name)
      : root_(std::move(root)), name_(std::move(name)), depth_(depth + (name_.empty() ? 0 : 1)) {}

  // The class that contains or is `path`; empty when it is not in this part.
  std::string class_of(const Path& path) const {
    const bool inside = path.parts.size() > depth_ &&
                        std::equal(root_.begin(), root_.end(), path.parts.begin()) &&
                        (name_.empty() || path.parts[root_.size()] == name_);
    return inside ? path.parts[depth_] : "";
  }

  bool is_in_class(const Path& file) const { return file.parts.size() > depth_ + 1; }

 private:
  std::vector<std::string> root_;
  std::string name_;
  size_t depth_;
};

}  // namespace

ImageLayout arrange_images(const std::vector<std::string>& names,
                           const std::vector<std::string>& folder_names, const std::string& where) {
  const std::vector<Path> files = visible_paths(names);
  const std::vector<Path> folders = visible_paths(folder_names);
  if (files.empty()) {
    throw InputError(fmt::format(
        "{}: contains no images (.jpg, .jpeg, .png); wanted a folder per class", where));
  }
  const size_t depth = depth_of_root(files);
  const auto& first = files.front().parts;
  const std::vector<std::string> root(first.begin(), first.begin() + static_cast<int64_t>(depth));
  const auto has_part = [&](std::string_view name) {
    return std::any_of(files.begin(), files.end(), [&](const Path& file) {
      return file.parts.size() > depth + 1 && file.parts[depth] == name;
    });
  };
  const bool split_up = has_part("train");
  const Part train(depth, root, split_up ? "train" : "");
  ImageLayout layout;
  std::map<std::string, int64_t> labels;
  for (const std::vector<Path>* paths : {&files, &folders}) {
    for (const Path& path : *paths) {
      const std::string name = train.class_of(path);
      if (name.empty()) continue;
      if (paths == &files && !train.is_in_class(path)) {
        throw InputError(fmt::format("{}: image '{}' lies in no class folder", where,
                                     excerpt(names[path.index])));
      }
      labels.emplace(name, 0);
    }
  }
  for (auto& [name, label] : labels) {
    label = static_cast<int64_t>(layout.class_names.size());
    layout.class_names.push_back(name);
  }
  const auto place = [&](const Part& part, const char* what) {
    std::vector<PlacedImage> placed;
    for (const Path& file : files) {
      const std::string name = part.class_of(file);
      if (name.empty()) continue;
      const auto found = labels.find(name);
      if (found == labels.end() || !part.is_in_class(file)) {
        throw InputError(fmt::format("{}: {} image '{}' lies in no class folder of train/", where,
                                     what, excerpt(names[file.index])));
      }
      placed.push_back({file.index, found->second});
    }
    return placed;
  };
  layout.train = place(train, "training");
  if (!split_up) return layout;
  constexpr std::array kTestNames{"test", "val", "valid", "validation"};
  const auto* const test = std::find_if(kTestNames.begin(), kTestNames.end(), has_part);
  if (test != kTestNames.end()) layout.test = place(Part(depth, root, *test), "test");
  return layout;
}

}  // namespace ncprune
