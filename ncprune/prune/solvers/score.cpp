#include "ncprune/prune/solver.h"

namespace ncprune::solvers_files {

Solver score() {
  return {.summary = "no search: the criterion's scores decide", .source = "", .finds_units = true};
}

}  // namespace ncprune::solvers_files
