#include "ncprune/prune/method.h"

namespace ncprune {

const std::vector<Method>& methods() {
  static const std::vector<Method> table{
      {"lamp", "magnitude rescaled within the layer, ranked over all layers",
       "Lee, Park, Mo, Ahn, Shin 2021", "lamp", "global", "layer", "score", "none"},
      {"magnitude", "the smallest weights of the whole network", "Han, Pool, Tran, Dally 2015",
       "magnitude", "global", "layer", "score", "none"},
      {"magnitude-erk", "the smallest weights of each layer, densities by layer shape",
       "Evci, Gale, Menick, Castro, Elsen 2020", "magnitude", "erk", "layer", "score", "none"},
      {"magnitude-uniform", "the smallest weights of each layer, densities equal",
       "Zhu, Gupta 2017", "magnitude", "uniform", "layer", "score", "none"},
      {"nc-gradient", "the predecessor: size of the gradient of the within-class scatter",
       "Zambare 2024", "nc-gradient", "global", "layer", "score", "none"},
      {"neuron-norm", "whole neurons of small L2 norm", "Li, Kadav, Durdanovic, Samet, Graf 2017",
       "neuron-norm", "global", "neuron", "score", "none"},
      {"random", "random weights, equal densities", "", "random", "uniform", "layer", "score",
       "none"},
      {"surgeon", "joint search and exact repair in the class-balanced Neural-Collapse metric",
       "ncprune; search after Meng, Behdin, Wang, Mazumder 2024", "nc-obs", "guarded", "layer",
       "admm", "least-squares"},
      {"wanda", "weight times input norm, compared within each neuron",
       "Sun, Liu, Bair, Kolter 2024", "wanda", "uniform", "row", "score", "none"},
  };
  return table;
}

}  // namespace ncprune
