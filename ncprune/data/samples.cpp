#include "ncprune/data/samples.h"

namespace ncprune {

std::vector<std::string> numbered_classes(int64_t num_classes,
                                          const std::vector<std::string>& known) {
  std::vector<std::string> names = known;
  for (auto c = static_cast<int64_t>(known.size()); c < num_classes; ++c) {
    names.push_back(std::to_string(c));
  }
  return names;
}

}  // namespace ncprune
