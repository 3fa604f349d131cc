#include "ncprune/prune/method.h"

namespace ncprune {

const std::vector<MethodPart>& method_parts() {
  static const std::vector<MethodPart> table{
      {"criterion", "see 'ncprune criteria'", &Method::criterion},
      {"allocation", "erk, global or uniform", &Method::allocation},
      {"pattern", "layer, row, neuron, N:M (as 2:4, which fixes the sparsity) or block:RxC",
       &Method::pattern},
      {"solver", "score, or what searches a layer: admm, obc or sparsegpt", &Method::solver},
      {"search-metric", "of the solver: neural-collapse or plain", &Method::metric},
      {"repair", "none, own (what the solver leaves), bias (the means) or least-squares",
       &Method::repair},
  };
  return table;
}

}  // namespace ncprune
