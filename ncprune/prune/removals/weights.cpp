#include "ncprune/prune/removal.h"

namespace ncprune::removals_files {

Removal weights() {
  return {
      .summary = "single weights become zero: a share of the weights of all layers but the head",
      .title = "weights"};
}

}  // namespace ncprune::removals_files
