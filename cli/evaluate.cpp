#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"

namespace ncprune::cli {
namespace {

struct EvaluateCommand {
  std::vector<std::string> networks;
  DataRequest data;
  double noise = 0;
  std::string runtime;
  std::string json;
  std::string scores;
};

// The samples of every class that are classified correctly.
std::vector<int64_t> right_of(const ClassMetrics& metrics) {
  const std::vector<RecallCount> counts = recall_counts(metrics);
  std::vector<int64_t> right;
  right.reserve(counts.size());
  for (const RecallCount& count : counts) right.push_back(count.right);
  return right;
}

// The scores of all networks, each [N, K], as a .npy file of [networks, N, K].
void write_scores(const std::string& path, const std::vector<at::Tensor>& scores) {
  std::string floats;
  for (const at::Tensor& each : scores) {
    const at::Tensor own = each.to(at::kFloat).contiguous();
    floats.append(static_cast<const char*>(own.data_ptr()), own.nbytes());
  }
  write_file(path, npy_of_floats(floats, {std::ssize(scores), scores.front().size(0),
                                          scores.front().size(1)}));
}

void run_evaluate(const EvaluateCommand& options) {
  require_writable_all({options.json, options.scores});
  if (!(options.noise >= 0 && options.noise <= 1e6)) {
    throw InputError(fmt::format("noise {} is outside [0, 1e6]", options.noise));
  }
  const auto [networks, data] =
      read_classifiers_and_data(options.networks, options.runtime, options.data);
  const Dataset& test = data.test;
  Dataset noisy;
  if (options.noise > 0) noisy = with_gaussian_noise(test, options.noise, options.data.seed);
  // The networks are a dense network and its pruned versions, with the same classes.
  const ClassInfo classes = class_info(networks.front().network->metadata, test);
  std::optional<Judge> judge;  // against the first network, if there are others
  std::vector<ModelResult> results;
  Json list = Json::array();
  Json runtimes = Json::array();
  std::vector<at::Tensor> all_scores;
  for (size_t i = 0; i < networks.size(); ++i) {
    const at::Tensor scores = class_scores(networks[i], test);
    if (!options.scores.empty()) all_scores.push_back(scores);
    at::Tensor validated;
    if (networks.size() > 1 && data.validation.size() > 0) {
      validated = class_scores(networks[i], data.validation);
    }
    if (!judge) judge.emplace(data, classes.minority, validated);
    ModelResult result = judge->result(file_stem(options.networks[i]), scores, validated);
    Json json{{"network", options.networks[i]}, {"right", right_of(result.clean)}};
    json.update(metrics_json(result.clean, classes));
    if (options.noise > 0) {
      result.noisy = class_metrics(class_scores(networks[i], noisy), noisy.targets());
      json["noisy"] = metrics_json(*result.noisy, classes);
    }
    if (result.common) json["common"] = common_json(result, classes);
    results.push_back(std::move(result));
    runtimes.push_back(networks[i].runtime);
    list.push_back(std::move(json));
  }
  const std::string noise =
      options.noise > 0 ? fmt::format("; noisy: + N(0, {:g}²)", options.noise) : "";
  fmt::print("{}", to_text(class_table(fmt::format("Recall on {}, {} test samples (%){}",
                                                   options.data.data, test.size(), noise),
                                       classes, results)));
  if (!classes.minority.empty()) fmt::print("* rare in the training data\n");
  if (const std::string note = common_note(results); !note.empty()) fmt::print("{}\n", note);
  if (test.label_sets.defined()) {
    fmt::print("\n{}", to_text(precision_table("Average precision (%)", classes, results)));
  }
  if (!options.scores.empty()) write_scores(options.scores, all_scores);
  write_json_if(options.json, {{"data", options.data.data},
                               {"runtimes", runtimes},
                               {"noise", options.noise},
                               {"classes", classes.names},
                               {"samples", class_counts(test)},
                               {"minority", classes.minority},
                               {"networks", list}});
}

}  // namespace

void add_evaluate(CLI::App& app) {
  const auto options = std::make_shared<EvaluateCommand>();
  CLI::App* command =
      app.add_subcommand("evaluate", "print the recall per class of networks, side by side");
  command->add_option("networks", options->networks, "ONNX files")->required();
  add_data_options(*command, options->data);
  add_runtime_option(*command, options->runtime);
  add_json_option(*command, options->json);
  command
      ->add_option("--noise", options->noise, "also with Gaussian noise of this standard deviation")
      ->capture_default_str();
  command
      ->add_option("--scores", options->scores,
                   "write the class scores of the test samples to FILE, a .npy array of floats "
                   "[networks, samples, classes]")
      ->type_name("FILE");
  command->callback([options] { run_evaluate(*options); });
}

}  // namespace ncprune::cli
