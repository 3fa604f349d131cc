#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// The layout of a sample in CIFAR's binary files (Krizhevsky 2009): its labels, one byte each, the
// last of which is the class, then the 32 x 32 values of red, of green and of blue.
struct CifarForm {
  int64_t label_bytes;
  int64_t classes;
};
inline constexpr CifarForm kCifar10{1, 10};
inline constexpr CifarForm kCifar100{2, 100};

struct CifarRecords {
  std::vector<uint8_t> labels;  // [n], n > 0, each below the form's number of classes
  std::vector<uint8_t> pixels;  // [n, 3, 32, 32]
};

// Reads `bytes`, a whole file that messages call `where`. Throws InputError unless it consists of
// one or more complete samples whose labels are classes.
CifarRecords parse_cifar(std::string_view bytes, const CifarForm& form, const std::string& where);

}  // namespace ncprune
