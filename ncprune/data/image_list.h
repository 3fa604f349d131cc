#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// A line of a list of images.
struct ListedImage {
  std::string path;   // relative to the folder of the list
  std::string label;  // a word
  int64_t line;       // from 1
};

// Reads `bytes`, a whole CSV file that messages call `where`: a path and a label on every line,
// separated by a comma and quoted as in RFC 4180 (without line breaks). A first line whose path
// does not end as that of an image is a header. Empty lines are ignored. Throws InputError, naming
// the line, when it has not two cells, a label is empty, a path is absolute, has a part "..", or is
// not that of an image that can be read, and when there are no images.
std::vector<ListedImage> parse_image_list(std::string_view bytes, const std::string& where);

}  // namespace ncprune
