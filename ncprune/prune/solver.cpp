#include "ncprune/prune/solver.h"

namespace ncprune {

LayerSolution admm(const SolverInput& input) {
  const Pattern pattern = zeros_last(input.pattern, input.weight);
  at::Tensor mask = search_support(input.problem, {pattern, input.keep, input.row_weights});
  return {least_squares(input.problem, mask), mask};
}

const std::vector<Solver>& solvers() {
  static const std::vector<Solver> table{
      {"admm", "joint search over the layer, then exact least squares",
       "Meng, Behdin, Wang, Mazumder 2024", admm},
      {"obc", "one weight of a row after the other, exactly", "Frantar, Alistarh 2022", obc},
      {"sparsegpt", "one column after the other, from the left", "Frantar, Alistarh 2023",
       sparsegpt},
  };
  return table;
}

}  // namespace ncprune
