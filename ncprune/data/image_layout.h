#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ncprune {

// An image and the class of its folder.
struct PlacedImage {
  size_t file;    // index into the paths given
  int64_t label;  // index into the class names
};

// The training and test images and their classes.
struct ImageLayout {
  std::vector<std::string> class_names;  // folders of the training part, in byte order
  std::vector<PlacedImage> train;        // by path, in byte order
  std::optional<std::vector<PlacedImage>> test;
};

// Derives classes and parts from the paths of image files, "cat/1.png" or "train/cat/1.png". If
// there is a folder train/, every folder below train/ and test/ (or, without test/, val/, valid/ or
// validation/) is a class and contains all files deeper in it; otherwise every top folder is a
// class. A folder around everything is skipped, and names that begin with a dot are ignored.
// `folders` are further known folders: one without images is a class without samples. Throws
// InputError, naming `where`, when there are no images, an image lies in no class folder, or a test
// image lies in a class without training folder.
ImageLayout arrange_images(const std::vector<std::string>& files,
                           const std::vector<std::string>& folders, const std::string& where);

}  // namespace ncprune
