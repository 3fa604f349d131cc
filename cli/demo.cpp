#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "cli/options.h"

namespace ncprune::cli {

void add_demo(CLI::App& app) {
  struct Options {
    std::string folder = "demo";
    std::string data_root;
    uint64_t seed = 0;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("demo", "prune a network on imbalanced Fashion-MNIST and report");
  command->add_option("-o,--output", options->folder, "folder for the networks and the report")
      ->capture_default_str();
  command->add_option("--data-root", options->data_root, "folder searched first for Fashion-MNIST");
  command->add_option("--seed", options->seed, "seed of all random draws")
      ->check(whole_number())
      ->capture_default_str();
  command->callback([options] {
    Study study = demo_study();
    study.data_root = options->data_root;
    study.seeds = {options->seed};
    const Demo demo =
        run_demo(study, options->folder, fmt::format("ncprune demo --seed {}", options->seed));
    fmt::print("{}\n{}\n* reduced to 1 % of its training samples\n{}\n", to_text(demo.summary),
               to_text(demo.classes), demo.note);
    fmt::print("Written to {}: report.html, results.json, dense.onnx, surgeon-98.onnx\n",
               options->folder);
  });
}

}  // namespace ncprune::cli
