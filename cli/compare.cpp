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

// A score before and after, and their difference with the margin of its draws.
std::string change(std::pair<double, double> score, const std::vector<double>& before,
                   const std::vector<double>& after) {
  std::vector<double> differences;
  for (size_t i = 0; i < after.size(); ++i) differences.push_back(after[i] - before.at(i));
  const auto [from, to] = score;
  return fmt::format("{} -> {}: {:+.1f}, in 95 % of draws of samples within ± {}", percent(from),
                     percent(to), 100 * (to - from), percent(margin(differences)));
}

// The network after, judged at the operating point of the one before; none unless that exists.
Json judged_alike(const ClassifiersAndData& read, const std::vector<at::Tensor>& scores,
                  const ClassInfo& classes) {
  const Dataset& validation = read.data.validation;
  if (validation.size() == 0) return {};
  const at::Tensor reference = class_scores(read.classifiers.front(), validation);
  const Judge judge(read.data, classes.minority, reference);
  const ModelResult before = judge.result("", scores[0], reference);
  const ModelResult after =
      judge.result("", scores[1], class_scores(read.classifiers.back(), validation));
  if (!after.common) return {};
  fmt::print(
      "with decisions moved, by validation data, until the classes are predicted as often as "
      "before:\n  balanced accuracy {}\n  minority recall {}\n",
      change({before.clean.balanced_accuracy, after.common->balanced_accuracy},
             before.resampled.common_balanced, after.resampled.common_balanced),
      change({mean_recall(before.clean, classes.minority),
              mean_recall(*after.common, classes.minority)},
             before.resampled.common_minority, after.resampled.common_minority));
  return common_json(after, classes);
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
