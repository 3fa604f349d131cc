#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// The files of a folder or an archive, by their paths below it, and what it is called in messages.
struct ImageListing {
  std::string where;
  std::vector<std::string> images;    // "train/cat/1.png"
  std::vector<std::string> folders;   // all known folders: one without images is a class, too
  std::vector<std::string> unread;    // images in formats that are not read (unread_image_ending())
  std::set<std::string> left_behind;  // files and folders of other programs, see left_behind()
};

// The file or folder in a path that other programs leave between pictures (.DS_Store, ._1.png,
// Thumbs.db, desktop.ini, __MACOSX), or another part that begins with a dot, with the folders that
// lead to it; empty when there is none.
std::string left_behind(std::string_view path);

// An image and the class of its folder.
struct PlacedImage {
  size_t file;    // index into the images of the listing
  int64_t label;  // index into the class names
};

// The training and test images and their classes.
struct ImageLayout {
  std::vector<std::string> class_names;  // folders of the training part, in byte order or as given
  std::vector<PlacedImage> train;        // by path, in byte order
  std::optional<std::vector<PlacedImage>> test;
  std::vector<std::string> notes;     // lines about what is not used as its place suggests
  std::vector<std::string> warnings;  // lines about pictures that are left out
};

// Derives classes and parts from the paths of image files, "cat/1.png" or "train/cat/1.png". If
// there is a folder train/ (or training/), every folder below it and below test/ (testing/; without
// one, val/, valid/, validation/ or dev/) is a class and contains all files deeper in it; otherwise
// every top folder is a class. The names of parts are in upper or lower case. A folder around
// everything is skipped. `classes`, if not empty, are all the classes in the order wanted. Throws
// InputError, naming listing.where, when there are no images, an image lies in no class folder, the
// test part has a class without training folder, a class has only images that are not read,
// `classes` are other than the folders, or only a test part is there.
ImageLayout arrange_images(const ImageListing& listing,
                           const std::vector<std::string>& classes = {});

}  // namespace ncprune
