#include "ncprune/base/device.h"
#include "ncprune/prune/solver.h"

namespace ncprune::solvers_files {
namespace {

// search_support(), then least squares on the mask it found.
LayerSolution solve_admm(const SolverInput& input) {
  const Pattern pattern = zeros_last(input.pattern, input.weight.to(compute_device()));
  at::Tensor mask = search_support(input.problem, {pattern, input.keep, input.row_weights});
  return {least_squares(input.problem, mask), mask};
}

}  // namespace

Solver admm() {
  return {.summary = "joint search over the layer, then exact least squares",
          .source = "Meng, Behdin, Wang, Mazumder 2024",
          .solve = solve_admm,
          .exact = true,
          .finds_units = true};
}

}  // namespace ncprune::solvers_files
