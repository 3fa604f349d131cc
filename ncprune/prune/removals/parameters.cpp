#include "ncprune/prune/removal.h"
#include "ncprune/prune/unit_budget.h"

namespace ncprune::removals_files {

Removal parameters() {
  return {.summary = "units are removed until the network has lost this share of its parameters",
          .title = "parameters",
          .units_to_keep =
              [](const UnitsQuestion& question) {
                return kept_within(
                    question.dense, {question.groups, question.costs()},
                    {.macs = false, .removed = question.share, .multiple = question.multiple});
              },
          .size = &NetworkCost::parameters};
}

}  // namespace ncprune::removals_files
