#include "ncprune/prune/solver.h"

namespace ncprune::solvers_files {

Solver merge() {
  return {.summary =
              "merges the units with the most similar weights; the criterion's scores decide "
              "about single weights",
          .source = "Wang, Sikic, Thiele, Saukh 2025",
          .finds_units = true,
          .merges_units = true};
}

}  // namespace ncprune::solvers_files
