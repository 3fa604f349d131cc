#include "ncprune/prune/repair.h"

namespace ncprune {

std::vector<Repair> repairs_of_given_masks() {
  std::vector<Repair> all = repairs();
  std::erase_if(all, [](const Repair& repair) { return repair.of_search; });
  return all;
}

}  // namespace ncprune
