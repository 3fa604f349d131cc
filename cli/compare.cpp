#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"

namespace ncprune::cli {
namespace {

struct CompareCommand {
  std::string before;
  std::string after;
  DataRequest data;
  ComparisonOptions comparison;
  std::string runtime;
  std::string json;
};

void print_compare(const Comparison& comparison, const ClassInfo& classes, double confidence) {
  constexpr int64_t kMaxFlows = 10;
  fmt::print("{}", to_text(change_table(comparison, classes)));
  if (!classes.minority.empty()) fmt::print("* rare in the training data\n");
  const auto [low, high] = comparison.balanced_change;
  fmt::print(
      "\nbalanced accuracy {} -> {}: {:+.1f}, {:g} % interval {:+.1f} to {:+.1f}\n"
      "slope of recall after over recall before, each about its mean: {:.2f}{}\n",
      percent(comparison.balanced_before), percent(comparison.balanced_after),
      100 * (comparison.balanced_after - comparison.balanced_before), 100 * confidence, 100 * low,
      100 * high, comparison.intensification,
      comparison.intensification > 1 ? " (> 1: weak classes became weaker)" : "");
  fmt::print("{} samples are classified differently than before\n", comparison.exemplars.size());
  if (comparison.flows.empty()) return;
  fmt::print("\n{}", to_text(flow_table(comparison, classes, kMaxFlows)));
}

void run_compare(const CompareCommand& options) {
  require_writable_all({options.json});
  const auto [classifiers, data] =
      read_classifiers_and_data({options.before, options.after}, options.runtime, options.data);
  const Classifier& before = classifiers.front();
  const Classifier& after = classifiers.back();
  const Dataset& test = data.test;
  const Comparison comparison = compare(class_scores(before, test), class_scores(after, test),
                                        test.targets(), options.comparison);
  const ClassInfo classes = class_info(before.network->metadata, test);
  print_compare(comparison, classes, options.comparison.confidence);
  Json json{{"before", options.before},
            {"after", options.after},
            {"data", options.data.data},
            {"confidence", options.comparison.confidence},
            {"minority", classes.minority}};
  json.update(comparison_json(comparison, classes));
  write_json_if(options.json, json);
}

}  // namespace

void add_compare(CLI::App& app) {
  const auto options = std::make_shared<CompareCommand>();
  CLI::App* command =
      app.add_subcommand("compare", "show what changed between two networks, class by class");
  command->add_option("before", options->before, "ONNX file, usually the dense network")
      ->required();
  command->add_option("after", options->after, "ONNX file")->required();
  add_data_options(*command, options->data);
  command->add_option("--confidence", options->comparison.confidence, "confidence of the interval")
      ->capture_default_str();
  add_runtime_option(*command, options->runtime);
  add_json_option(*command, options->json);
  command->callback([options] {
    options->comparison.seed = options->data.seed;
    run_compare(*options);
  });
}

}  // namespace ncprune::cli
