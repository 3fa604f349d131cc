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
  const at::Tensor& weight;  // dense, double [m, d]
  const Pattern& pattern;
  int64_t keep;            // weights to keep
  at::Tensor row_weights;  // [m], what each row's error weighs against the others'
};

// Chooses which weights of a layer stay, and their values, by the layer problem.
struct Solver {
  std::string name;
  std::string summary;
  std::string source;
  std::function<LayerSolution(const SolverInput&)> solve;
};

const std::vector<Solver>& solvers();

}  // namespace ncprune
