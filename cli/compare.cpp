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

// The network after, judged at the operating point of the one before; none unless that exists().
Json judged_alike(const ClassifiersAndData& read, const std::vector<at::Tensor>& scores,
                  const ClassInfo& classes) {
  const Dataset& validation = read.data.validation;
  if (validation.size() == 0) return {};
  const OperatingPoint point{class_scores(read.classifiers.front(), validation),
                             validation.targets(), log_prior(class_counts(read.data.train))};
  const auto judged = point.judge(class_scores(read.classifiers.back(), validation), scores[1]);
  if (!judged) return {};
  const Targets targets = read.data.test.targets();
  const ClassMetrics before = class_metrics(scores[0], targets);
  const ClassMetrics after = class_metrics(judged->scores, targets);
  fmt::print(
      "with decisions moved, by validation data, until the classes are predicted as often as "
      "before:\n  balanced accuracy {} -> {}, minority recall {} -> {}\n",
      percent(before.balanced_accuracy), percent(after.balanced_accuracy),
      percent(mean_recall(before, classes.minority)),
      percent(mean_recall(after, classes.minority)));
  Json json = metrics_json(after, classes);
  json["shift"] = judged->shift;
  return json;
}

void run_compare(const CompareCommand& options) {
  require_writable_all({options.json});
  const ClassifiersAndData read =
      read_classifiers_and_data({options.before, options.after}, options.runtime, options.data);
  const Dataset& test = read.data.test;
  const std::vector<at::Tensor> scores{class_scores(read.classifiers.front(), test),
                                       class_scores(read.classifiers.back(), test)};
  const Comparison comparison = compare(scores[0], scores[1], test.targets(), options.comparison);
  const ClassInfo classes = class_info(read.classifiers.front().network->metadata, test);
  print_compare(comparison, classes, options.comparison.confidence);
  const Json common = judged_alike(read, scores, classes);
  Json json{{"before", options.before},
            {"after", options.after},
            {"data", options.data.data},
            {"confidence", options.comparison.confidence},
            {"minority", classes.minority}};
  json.update(comparison_json(comparison, classes));
  if (!common.is_null()) json["common"] = common;
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
