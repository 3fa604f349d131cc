#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/prune/reconstruction.h"

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

// Chooses which weights of a layer stay, and their values, by the layer problem. An entry is a file
// of solvers/.
struct Solver {
  std::string name = {};  // the file's
  std::string summary;
  std::string source;
  std::string one_by_one = {};  // why it has no rule for Pattern::whole; empty: it has
  // Null: there is no search, the criterion's scores decide. REQUIRES: a rule for the pattern.
  LayerSolution (*solve)(const SolverInput& input) = nullptr;
  bool finds_units = false;  // it can choose whole units: by their scores, or by remove_units()
};

const std::vector<Solver>& solvers();

// Throws InputError, with the reason, when the solver has no rule for the pattern.
void require_rule(const Solver& solver, const Pattern& pattern);

}  // namespace ncprune
