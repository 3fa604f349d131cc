#include "ncprune/data/image_layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "ncprune/base/error.h"
#include "ncprune/base/spec.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/image.h"

namespace ncprune {
namespace {

constexpr std::array<std::string_view, 2> kTrainNames{"train", "training"};
constexpr std::array<std::string_view, 2> kTestNames{"test", "testing"};
constexpr std::array<std::string_view, 4> kValidationNames{"val", "valid", "validation", "dev"};

struct Path {
  std::vector<std::string> parts;
  size_t index;  // into the given paths
};

std::vector<Path> sorted_paths(const std::vector<std::string>& names) {
  std::vector<Path> paths;
  for (size_t i = 0; i < names.size(); ++i) {
    if (left_behind(names[i]).empty()) paths.push_back({split(names[i], '/'), i});
  }
  std::sort(paths.begin(), paths.end(),
            [](const Path& a, const Path& b) { return a.parts < b.parts; });
  return paths;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

template <size_t n>
bool is_among(const std::string& name, const std::array<std::string_view, n>& names) {
  return std::find(names.begin(), names.end(), lower_case(name)) != names.end();
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

std::string counted(size_t count, const std::string& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// Sorts the files of one listing into classes and parts.
class Arrangement {
 public:
  explicit Arrangement(const ImageListing& listing)
      : listing_(listing),
        files_(sorted_paths(listing.images)),
        folders_(sorted_paths(listing.folders)),
        unread_(sorted_paths(listing.unread)) {
    if (files_.empty()) {
      throw InputError(fmt::format(
          "{}: contains no images (JPEG, PNG, WebP, BMP, TIFF){}; wanted a folder per class",
          listing.where, unread_.empty() ? "" : ", only " + unread_formats(unread_)));
    }
    depth_ = depth_of_root(files_);
    const auto& first = files_.front().parts;
    root_.assign(first.begin(), first.begin() + static_cast<int64_t>(depth_));
    for (const Path& file : files_) {
      if (file.parts.size() > depth_ + 1) ++top_folders_[file.parts[depth_]];
    }
  }

  ImageLayout layout(const std::vector<std::string>& classes) {
    train_ = part_among(kTrainNames);
    test_ = part_among(kTestNames);
    const std::string validation = part_among(kValidationNames);
    if (test_.empty()) test_ = validation;
    require_training_part(validation);
    name_classes(classes);
    result_.train = place(train_);
    if (!train_.empty()) {
      if (!test_.empty()) result_.test = place(test_);
      note_unused(validation);
    }
    warn_of_unread();
    return result_;
  }

 private:
  // The one top folder with a name of `names`; empty when there is none.
  template <size_t n>
  std::string part_among(const std::array<std::string_view, n>& names) const {
    std::string part;
    for (const auto& [folder, count] : top_folders_) {
      if (!is_among(folder, names)) continue;
      if (!part.empty()) {
        throw InputError(fmt::format("{}: has '{}' and '{}'; wanted one of them", listing_.where,
                                     excerpt(part), excerpt(folder)));
      }
      part = folder;
    }
    return part;
  }

  void require_training_part(const std::string& validation) const {
    if (!train_.empty() || test_.empty()) return;
    for (const auto& [folder, count] : top_folders_) {
      if (folder != test_ && folder != validation) return;  // then all are names of classes
    }
    throw InputError(
        fmt::format("{}: has '{}' but no folder 'train'", listing_.where, excerpt(test_)));
  }

  // The class that contains or is `path`; empty when it is not in the part.
  std::string class_of(const Path& path, const std::string& part) const {
    const size_t depth = depth_ + (part.empty() ? 0 : 1);
    const bool inside = path.parts.size() > depth &&
                        std::equal(root_.begin(), root_.end(), path.parts.begin()) &&
                        (part.empty() || path.parts[depth_] == part);
    return inside ? path.parts[depth] : "";
  }

  void require_in_class(const Path& file, const std::string& part) const {
    if (file.parts.size() > depth_ + (part.empty() ? 1 : 2)) return;
    throw InputError(fmt::format("{}: image '{}' lies in no class folder", listing_.where,
                                 excerpt(listing_.images[file.index])));
  }

  void name_classes(const std::vector<std::string>& wanted) {
    std::set<std::string> found;
    for (const std::vector<Path>* paths : {&files_, &folders_, &unread_}) {
      for (const Path& path : *paths) {
        const std::string name = class_of(path, train_);
        if (name.empty()) continue;
        if (paths == &files_) require_in_class(path, train_);
        const size_t depth = depth_ + (train_.empty() ? 1 : 2);
        if (paths != &unread_ || path.parts.size() > depth) found.insert(name);
      }
    }
    result_.class_names = {found.begin(), found.end()};
    if (!wanted.empty()) {
      require_same_classes(wanted);
      result_.class_names = wanted;
    }
    for (const std::string& name : result_.class_names) {
      labels_.emplace(name, static_cast<int64_t>(labels_.size()));
    }
  }

  void require_same_classes(const std::vector<std::string>& wanted) const {
    const std::vector<std::string>& found = result_.class_names;
    const auto first_missing = [](const auto& names, const auto& among) {
      return std::find_if(names.begin(), names.end(), [&](const std::string& name) {
        return std::find(among.begin(), among.end(), name) == among.end();
      });
    };
    if (const auto name = first_missing(found, wanted); name != found.end()) {
      throw InputError(fmt::format("{}: folder '{}' is not among the classes {}", listing_.where,
                                   excerpt(*name),
                                   excerpt(fmt::format("{}", fmt::join(wanted, ",")))));
    }
    if (const auto name = first_missing(wanted, found); name != wanted.end()) {
      throw InputError(
          fmt::format("{}: has no folder for class '{}'", listing_.where, excerpt(*name)));
    }
    if (wanted.size() != found.size()) {
      throw InputError(fmt::format("{}: a class is named twice", listing_.where));
    }
  }

  std::vector<PlacedImage> place(const std::string& part) const {
    std::map<std::string, size_t> extra;
    std::vector<PlacedImage> placed;
    for (const Path& file : files_) {
      const std::string name = class_of(file, part);
      if (name.empty()) continue;
      require_in_class(file, part);
      const auto found = labels_.find(name);
      if (found == labels_.end()) {
        ++extra[name];
      } else {
        placed.push_back({file.index, found->second});
      }
    }
    if (extra.empty()) return placed;
    const auto& [name, count] = *extra.begin();
    throw InputError(fmt::format("{}: class '{}' of {} ({}) has no folder in {}", listing_.where,
                                 excerpt(name), part, counted(count, "image"), train_));
  }

  void note_unused(const std::string& validation) {
    if (test_.empty()) return;
    if (test_ == validation) {
      result_.notes.push_back(fmt::format("{}: there is no folder test; {} is the test set",
                                          listing_.where, excerpt(test_)));
    }
    for (const auto& [folder, count] : top_folders_) {
      if (folder == train_ || folder == test_) continue;
      result_.notes.push_back(fmt::format("{}: {} in '{}' beside {} are not used", listing_.where,
                                          counted(count, "image"), excerpt(folder), train_));
    }
  }

  // "2 .heic, 1 .gif"
  std::string unread_formats(const std::vector<Path>& files) const {
    std::map<std::string_view, size_t> counts;
    for (const Path& file : files) ++counts[unread_image_ending(listing_.unread[file.index])];
    std::vector<std::string> texts;
    texts.reserve(counts.size());
    for (const auto& [ending, count] : counts) texts.push_back(fmt::format("{} {}", count, ending));
    return fmt::format("{}", fmt::join(texts, ", "));
  }

  void warn_of_unread() {
    if (unread_.empty()) return;
    std::vector<size_t> images(labels_.size());
    for (const PlacedImage& image : result_.train) ++images[static_cast<size_t>(image.label)];
    for (const auto& [name, label] : labels_) {
      if (images[static_cast<size_t>(label)] > 0) continue;
      std::vector<Path> own;
      for (const Path& path : unread_) {
        if (class_of(path, train_) == name) own.push_back(path);
      }
      if (own.empty()) continue;
      throw InputError(fmt::format(
          "{}: class '{}' has only images in formats that are not read ({}); wanted JPEG, PNG, "
          "WebP, BMP or TIFF",
          listing_.where, excerpt(name), unread_formats(own)));
    }
    result_.warnings.push_back(
        fmt::format("{}: images in formats that are not read are left out: {}", listing_.where,
                    unread_formats(unread_)));
  }

  const ImageListing& listing_;
  std::vector<Path> files_;
  std::vector<Path> folders_;
  std::vector<Path> unread_;
  size_t depth_ = 0;               // folders around everything
  std::vector<std::string> root_;  // their names
  std::map<std::string, size_t> top_folders_;
  std::string train_;  // folders of the parts; empty when there is none
  std::string test_;
  std::map<std::string, int64_t> labels_;
  ImageLayout result_;
};

}  // namespace

std::string left_behind(std::string_view path) {
  const auto is_foreign = [](const std::string& part) {
    const std::string lower = lower_case(part);
    return part.starts_with('.') || part == "__MACOSX" || lower == "thumbs.db" ||
           lower == "desktop.ini";
  };
  std::vector<std::string> parts;
  for (const std::string& part : split(path, '/')) {
    parts.push_back(part);
    if (is_foreign(part)) return fmt::format("{}", fmt::join(parts, "/"));
  }
  return "";
}

ImageLayout arrange_images(const ImageListing& listing, const std::vector<std::string>& classes) {
  ImageLayout layout = Arrangement(listing).layout(classes);
  if (!listing.left_behind.empty()) {
    layout.notes.push_back(fmt::format("{}: {} of other programs skipped: {}", listing.where,
                                       counted(listing.left_behind.size(), "file"),
                                       excerpt(*listing.left_behind.begin())));
    if (listing.left_behind.size() > 1) layout.notes.back() += ", ...";
  }
  return layout;
}

}  // namespace ncprune
