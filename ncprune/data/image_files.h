#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/data/image_layout.h"

namespace ncprune {

// Image files in a folder, a tar file or a list, and the parts and classes that they are in.
struct ImageFiles {
  std::string where;               // the folder, tar file or list
  std::vector<std::string> names;  // of the images, below it
  ImageLayout layout;              // of the names
  // The bytes of one image and what messages call it.
  struct File {
    std::string bytes;
    std::string where;
  };
  // Reads the image with this index and name. Worker threads call it.
  std::function<File(size_t, const std::string&)> source;
  int64_t held_bytes = 0;  // what `source` keeps in memory: an archive that is compressed

  File read(size_t image) const { return source(image, names[image]); }
};

// Finds the images of `path`: a folder or a tar file, arranged as arrange_images() says, or a list
// (parse_image_list()), whose name ends in .csv. `test` is a list of test images for a list, or
// empty. `classes`, if not empty, are all classes in the order wanted; the classes of a list are
// else in byte order, or, if all are numbers, in theirs. Prints the notes and warnings of the
// layout. Images are read one by one; only of a gzipped tar file the whole archive is unpacked into
// memory, at most memory_limit() bytes (runtime.h). Throws InputError.
ImageFiles find_images(const std::string& path, const std::string& test,
                       const std::vector<std::string>& classes);

}  // namespace ncprune
