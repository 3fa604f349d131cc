// Adds a criterion to the library's and prunes with both it and magnitude:
//   own_criterion dense.onnx DATA
#include <ATen/ops/abs.h>
#include <ncprune/core.h>

#include <cstdio>

namespace nc = ncprune;

namespace {

// A weight counts for as much as it contributes to its row: |w_ij| / sum_j |w_ij|.
at::Tensor share_of_row(const nc::ScoreInput& layer) {
  const at::Tensor size = layer.weight.abs();
  return size / size.sum(1, /*keepdim=*/true).clamp_min(1e-300);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: own_criterion DENSE.onnx DATA\n");
    return 1;
  }
  nc::configure_runtime(0);
  nc::add_criterion({.name = "share-of-row",
                     .summary = "|w_ij| / sum_j |w_ij|",
                     .source = "this example",
                     .needs = {},  // the statistics of the layer that the score reads
                     .score = share_of_row});

  nc::DataRequest request;
  request.data = argv[2];
  const auto [networks, data] = nc::prepare_data(request, {{argv[1], nc::read_onnx(argv[1])}});
  nc::Calibration calibration(networks.front(), data.train);
  for (const char* criterion : {"magnitude", "share-of-row"}) {
    nc::Recipe recipe;
    recipe.method = {.name = criterion,
                     .summary = "a criterion and a closed-form repair",
                     .source = "this example",
                     .criterion = criterion,
                     .repair = "least-squares"};
    recipe.share = 0.8;
    const nc::Pruned pruned = nc::prune(calibration, recipe);
    std::printf("%-15s balanced accuracy %.1f\n", criterion,
                100 * nc::evaluate(pruned.network, data.test).balanced_accuracy);
  }
  return 0;
} catch (const nc::InputError& error) {
  std::fprintf(stderr, "own_criterion: %s\n", error.what());
  return 1;
}
