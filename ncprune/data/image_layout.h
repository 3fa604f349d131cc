#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ncprune {

// An image and the class its folder says.
struct PlacedImage {
  size_t file;    // index into the paths given
  int64_t label;  // index into the class names
};

// Which images are to be learnt from, which measure, and what they show.
struct ImageLayout {
  std::vector<std::string> class_names;  // the folders of the training part, in byte order
  std::vector<PlacedImage> train;        // by path, in byte order
  std::optional<std::vector<PlacedImage>> test;
};

// Reads classes and parts off the paths of image files, "cat/1.png" or "train/cat/1.png": below
// train/ and test/ (or, without test/, val/, valid/ or validation/), if there is a train/, every
// folder is a class, and so are all files deeper in it. A folder around everything is stepped over;
// names that begin with a dot are hidden and left out. `folders` are those known beforehand: one
// without images is a class without samples. Throws InputError, naming `where`, when there are no
// images, one lies in no class folder, or a test image in a class that training does not have.
ImageLayout arrange_images(const std::vector<std::string>& files,
                           const std::vector<std::string>& folders, const std::string& where);

}  // namespace ncprune
