#include "ncprune/prune/solver.h"

namespace ncprune {
namespace {

LayerSolution admm(const SolverInput& input) {
  at::Tensor mask = search_support(input.problem, {input.pattern, input.keep, input.row_weights});
  return {least_squares(input.problem, mask), mask};
}

}  // namespace

const std::vector<Solver>& solvers() {
  static const std::vector<Solver> table{
      {"admm", "joint search over the layer, then exact least squares",
       "Meng, Behdin, Wang, Mazumder 2024", admm},
  };
  return table;
}

}  // namespace ncprune
