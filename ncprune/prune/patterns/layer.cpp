#include "ncprune/prune/keep_largest.h"
#include "ncprune/prune/pattern.h"

namespace ncprune::pattern_kinds_files {

PatternKind layer() {
  return {.usage = "layer", .example = "layer", .find = [](const std::string& name) {
            return if_named({.name = "layer",
                             .summary = "any weights of the layer",
                             .mask = keep_largest,
                             .alone = true},
                            name);
          }};
}

}  // namespace ncprune::pattern_kinds_files
