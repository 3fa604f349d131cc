#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/prune/reconstruction.h"

namespace ncprune {

// A solver's result for one layer.
struct LayerSolution {
  at::Tensor weight;  // double [m, d], zero where the mask is false
  at::Tensor mask;    // bool [m, d]
};

struct SolverInput {
  const LayerProblem& problem;
  const at::Tensor& weight;  // dense, double [m, d]; its zeros are removed first
  const Pattern& pattern;
  int64_t keep;            // weights to keep
  at::Tensor row_weights;  // [m], the relative weight of each row's error
};

// Chooses the weights of a layer that stay, and their values, by the layer problem. An entry is a
// file of solvers/.
struct Solver {
  std::string name = {};  // the file's
  std::string summary;
  std::string source;
  std::string one_by_one = {};  // why Pattern::whole is not supported; empty: it is
  // Null: no search, the criterion's scores decide. REQUIRES: require_rule() accepts the pattern.
  LayerSolution (*solve)(const SolverInput& input) = nullptr;
  bool exact = false;  // its weights are least_squares() on its mask
  // Can choose whole units: by their scores, by remove_units() or by merge_order().
  bool finds_units = false;
  bool merges_units = false;  // merges the removed units with kept ones; see unit_merging.h
};

const std::vector<Solver>& solvers();

// Throws InputError, with the reason, when the solver does not support the pattern.
void require_rule(const Solver& solver, const Pattern& pattern);

}  // namespace ncprune
