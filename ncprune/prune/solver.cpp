#include "ncprune/prune/solver.h"

#include <ATen/ops/ones.h>
#include <fmt/format.h>

#include "ncprune/base/error.h"
#include "ncprune/prune/options.h"

namespace ncprune {

at::Tensor row_weights(const Method& method, const LayerStatistics& statistics, int64_t rows) {
  const bool aware = searches_class_aware(method) && statistics.output_weight.defined();
  return aware ? statistics.output_weight : at::ones({rows}, at::TensorOptions(at::kDouble));
}

LayerSolution admm(const SolverInput& input) {
  const Pattern pattern = zeros_last(input.pattern, input.weight);
  at::Tensor mask = search_support(input.problem, {pattern, input.keep, input.row_weights});
  return {least_squares(input.problem, mask), mask};
}

const std::vector<Solver>& solvers() {
  static const std::vector<Solver> table{
      {"admm",
       "joint search over the layer, then exact least squares",
       "Meng, Behdin, Wang, Mazumder 2024",
       {},
       admm,
       true},
      {"obc", "one weight of a row after the other, exactly", "Frantar, Alistarh 2022",
       "removes one weight after the other", obc},
      {"sparsegpt", "one column after the other, from the left", "Frantar, Alistarh 2023",
       "decides one column after the other", sparsegpt},
  };
  return table;
}

const Solver* solver_of(const Method& method) {
  constexpr const char* kScore = "score";
  if (method.solver == kScore) return nullptr;
  std::string known = kScore;
  for (const Solver& solver : solvers()) {
    if (solver.name == method.solver) return &solver;
    known += ", " + solver.name;
  }
  throw InputError(fmt::format("unknown solver '{}'; known: {}", method.solver, known));
}

void require_rule(const Solver& solver, const Pattern& pattern) {
  if (!pattern.whole || solver.one_by_one.empty()) return;
  throw InputError(fmt::format(
      "solver {} {}: it has no rule for pattern '{}', where several weights go together",
      solver.name, solver.one_by_one, pattern.name));
}

}  // namespace ncprune
