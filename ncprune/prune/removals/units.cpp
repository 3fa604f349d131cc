#include <algorithm>
#include <cmath>

#include "ncprune/prune/removal.h"

namespace ncprune::removals_files {
namespace {

std::vector<int64_t> units_to_keep(const UnitsQuestion& question) {
  std::vector<int64_t> kept;
  for (const UnitGroup& group : question.groups) {
    const double wanted = (1 - question.share) * static_cast<double>(group.units);
    const int64_t packs = std::llround(wanted / static_cast<double>(question.multiple));
    kept.push_back(std::min(group.units, question.multiple * std::max<int64_t>(1, packs)));
  }
  return kept;
}

}  // namespace

Removal units() {
  return {.summary = "the same share of every layer's units is removed",
          .title = "units",
          .units_to_keep = units_to_keep,
          .size = &NetworkCost::parameters};
}

}  // namespace ncprune::removals_files
