#include "ncprune/prune/solver.h"

#include <fmt/format.h>

#include "ncprune/base/error.h"

namespace ncprune {

void require_rule(const Solver& solver, const Pattern& pattern) {
  if (!pattern.whole || solver.one_by_one.empty()) return;
  throw InputError(
      fmt::format("solver {} {}: it does not support pattern '{}', which removes several together",
                  solver.name, solver.one_by_one, pattern.name));
}

}  // namespace ncprune
