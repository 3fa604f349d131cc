#include "ncprune/prune/removal.h"
#include "ncprune/prune/unit_budget.h"

namespace ncprune::removals_files {

Removal macs() {
  return {.summary = "units are removed until the network has lost this share of its multiply-adds",
          .title = "multiply-adds",
          .units_to_keep =
              [](const UnitsQuestion& question) {
                return kept_within(
                    question.dense, {question.groups, question.costs()},
                    {.macs = true, .removed = question.share, .multiple = question.multiple});
              },
          .size = &NetworkCost::macs};
}

}  // namespace ncprune::removals_files
