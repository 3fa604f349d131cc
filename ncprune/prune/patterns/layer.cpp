#include "ncprune/prune/keep_largest.h"
#include "ncprune/prune/pattern.h"

namespace ncprune::pattern_kinds_files {

PatternKind layer() {
  return {.usage = "layer", .example = "layer", .find = [](const std::string& wanted) {
            const Pattern pattern{
                .name = "layer", .summary = "any weights of the layer", .mask = keep_largest};
            return wanted == pattern.name ? std::optional(pattern) : std::nullopt;
          }};
}

}  // namespace ncprune::pattern_kinds_files
