#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/prune/method.h"
#include "ncprune/prune/reconstruction.h"
#include "ncprune/stats/statistics.h"

namespace ncprune {

// What a solver makes of one layer.
struct LayerSolution {
  at::Tensor weight;  // double [m, d], zero where the mask is false
  at::Tensor mask;    // bool [m, d]
};

struct SolverInput {
  const LayerProblem& problem;
  const at::Tensor& weight;  // dense, double [m, d]; what is zero in it goes first
  const Pattern& pattern;
  int64_t keep;            // weights to keep
  at::Tensor row_weights;  // [m], what each row's error weighs against the others'
};

// Chooses which weights of a layer stay, and their values, by the layer problem.
struct Solver {
  std::string name;
  std::string summary;
  std::string source;
  std::string one_by_one;  // why it has no rule for Pattern::whole; empty: it has
  std::function<LayerSolution(const SolverInput&)> solve;  // REQUIRES: a rule for the pattern
  bool finds_units = false;  // its search has a form for whole units, remove_units()
};

const std::vector<Solver>& solvers();

// The solver that searches the layers for the method. Null for the solver "score": then the
// criterion's scores decide alone. Throws InputError on an unknown name.
const Solver* solver_of(const Method& method);

// What the error of each of a layer's `rows` weighs against the others': as measured for a method
// that searches in the class-aware metric, all alike for one that was published without. Statistics
// measured for other methods beside it do not matter. Double [rows].
at::Tensor row_weights(const Method& method, const LayerStatistics& statistics, int64_t rows);

// Throws InputError, with the reason, when the solver has no rule for the pattern.
void require_rule(const Solver& solver, const Pattern& pattern);

// search_support, then least squares on what it found. Every pattern.
LayerSolution admm(const SolverInput& input);

// ExactOBS (Frantar, Alistarh 2022): every row loses, one after the other, the weight with the
// smallest w_p^2 / [H^-1]_pp, the others making good for it; over the rows of the layer those go
// whose going raised the error least. Row weights do not matter. Patterns layer, row, N:M. About
// m d^3 / 3 multiply-adds, most of them in matrix products; O(d^2) memory a thread.
LayerSolution obc(const SolverInput& input);

// SparseGPT (Frantar, Alistarh 2023): column by column from the left, masks chosen for blocks of
// columns by w^2 / U_jj^2, U the Cholesky factor of H^-1, the columns to the right making good.
// Row weights do not matter. Not for Pattern::whole. O(d^3 + m d^2).
inline constexpr int64_t kSparseGptBlock = 128;  // columns
LayerSolution sparsegpt(const SolverInput& input);

}  // namespace ncprune
