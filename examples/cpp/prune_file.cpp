// Prunes an ONNX file with its training data and prints what happened to every class:
//   prune_file dense.onnx DATA pruned.onnx        DATA as for the program: csv:FILE?label=COLUMN,
//   ...
#include <ncprune/core.h>

#include <cstdio>

namespace nc = ncprune;

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fprintf(stderr, "usage: prune_file DENSE.onnx DATA PRUNED.onnx\n");
    return 1;
  }
  nc::configure_runtime(0);
  nc::DataRequest request;
  request.data = argv[2];
  const auto [networks, data] = nc::prepare_data(request, {{argv[1], nc::read_onnx(argv[1])}});
  const nc::Network& dense = networks.front();

  nc::Recipe recipe;
  recipe.method = nc::find_method("surgeon");
  recipe.share = 0.8;
  const nc::Pruned pruned = nc::prune(dense, data.train, recipe);
  nc::write_onnx(argv[3], pruned.network);

  const nc::ClassMetrics before = nc::evaluate(dense, data.test);
  const nc::ClassMetrics after = nc::evaluate(pruned.network, data.test);
  for (size_t c = 0; c < data.test.class_names.size(); ++c) {
    std::printf("%-20s %5.1f %5.1f\n", data.test.class_names[c].c_str(), 100 * before.recall[c],
                100 * after.recall[c]);
  }
  return 0;
} catch (const nc::InputError& error) {  // what the user can mend; anything else is a bug
  std::fprintf(stderr, "prune_file: %s\n", error.what());
  return 1;
}
