#include <ATen/ops/matmul.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/where.h>

#include "ncprune/prune/repair.h"

namespace ncprune::repairs_files {
namespace {

// The positions of a convolution's kernel; 1 for other layers.
int64_t places(const Layer& layer) {
  if (!layer.convolution) return 1;
  return c10::multiply_integers(layer.convolution->kernel);
}

// Rows [m t, c] of a matrix [m, c t]: one for each output and position of the kernel.
at::Tensor by_channel(const at::Tensor& matrix, int64_t t) {
  return matrix.reshape({matrix.size(0), -1, t}).transpose(1, 2).flatten(0, 1);
}

at::Tensor by_input(const at::Tensor& rows, int64_t t) {
  return rows.reshape({-1, t, rows.size(1)}).transpose(1, 2).flatten(1);
}

// The Gram matrix of the channels, [c, c]: E[x x^T], averaged over the positions of the kernel.
at::Tensor gram_of(const Layer& layer, const LayerMoments& moments, int64_t t) {
  at::Tensor second = moments.metric;
  // The metric of a layer that can absorb the mean leaves the mean out.
  if (shifts(layer)) second = second + at::outer(moments.input_mean, moments.input_mean);
  const int64_t channels = second.size(0) / t;
  return second.view({channels, t, channels, t}).diagonal(0, 1, 3).mean(-1);
}

}  // namespace

// With G the Gram matrix of the inputs and S those that remain, V = W B and B = G_:S (G_SS + r
// I)^-1, r 0.1 % of the mean of G's diagonal. A channel of a convolution has the same B at every
// position of the kernel. The bias stays as it is.
Repair gram() {
  return {.summary =
              "the remaining inputs reconstruct all inputs linearly, by their Gram matrix "
              "over samples",
          .source = "Tang, Wang, Thiele, Saukh 2026",
          .apply =
              [](Network& network, const RepairTask& task) {
                constexpr double kRidge = 1e-3;
                const int64_t t = places(task.layer);
                const at::Tensor gram = gram_of(task.layer, task.moments(), t);
                const at::Tensor weight = by_channel(task.weight.to(at::kDouble), t);
                const at::Tensor mask = by_channel(task.mask, t);
                const at::Tensor found =
                    least_squares({damped(gram, kRidge), at::matmul(weight, gram)}, mask);
                // Where nothing is removed there is nothing to reconstruct.
                const at::Tensor whole = mask.all(1, /*keepdim=*/true);
                set_weight(network, task.layer, by_input(at::where(whole, weight, found), t));
              },
          .reads_moments = true,
          .metric = "plain"};
}

}  // namespace ncprune::repairs_files
