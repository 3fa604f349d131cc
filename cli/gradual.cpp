#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/definitions.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/prune_options.h"
#include "cli/train_options.h"

namespace ncprune::cli {
namespace {

struct GradualCommand {
  std::string input;
  OutputRequest output;
  std::string early;
  std::string json;
  DataRequest data;
  TrainRequest train;
  PruneRequest prune;
  GradualOptions gradual;
};

void run_gradual(const GradualCommand& options) {
  require_writable_all({options.output.path, options.json});
  GradualOptions how = options.gradual;
  how.train = train_options(options.train, options.data.seed, file_stem(options.output.path));
  how.recipe = recipe_of(options.prune, options.data.seed);
  if (!options.early.empty()) how.early = read_onnx(options.early);
  const NetworkAndData read = read_network_and_data(options.input, options.data);
  require_match(options.input, read, options.data, options.prune.force);
  const auto& [dense, data] = read;
  how.train = with_ready_teacher(std::move(how.train), options.train, data);
  if (how.early) how.early = ready_for(data, {options.early, std::move(*how.early)});
  const Gradual result = prune_gradually(dense, data, how);
  const Written written = write_network(options.output, result.network, data.train);
  Table table{"", {"step", "sparsity", "epoch", "balanced\nvalidation", "overall\nvalidation"}, {}};
  Json steps = Json::array();
  for (const GradualStep& s : result.steps) {
    table.rows.push_back({std::to_string(table.rows.size() + 1), percent(s.sparsity),
                          std::to_string(s.epoch.epoch), percent(s.epoch.validation_balanced),
                          percent(s.epoch.validation_overall)});
    steps.push_back({{"sparsity", s.sparsity},
                     {"epoch", s.epoch.epoch},
                     {"validation_balanced", s.epoch.validation_balanced},
                     {"validation_overall", s.epoch.validation_overall}});
  }
  const double reached = sparsity(layer_sparsity(result.network));
  fmt::print("{}sparsity {} % over all layers but the head; written to {}\n", to_text(table),
             percent(reached), options.output.path);
  Json json = report_written(written);
  json.update({{"output", options.output.path},
               {"method", how.recipe.method.name},
               {"head", how.recipe.head},
               {"sparsity", reached},
               {"steps", steps}});
  write_json_if(options.json, json);
}

}  // namespace

void add_gradual(CLI::App& app) {
  const auto options = std::make_shared<GradualCommand>();
  options->train.options.epochs = 2;
  options->train.options.loss = kLossAfterPruning;
  CLI::App* command =
      app.add_subcommand("gradual", "prune in steps of growing sparsity, training after each");
  command->add_option("network", options->input, "the ONNX file to prune")->required();
  add_output_options(*command, options->output);
  const std::vector<std::string> schedules = all_names(gradual_schedules());
  command
      ->add_option("--sparsity-schedule", options->gradual.schedule,
                   "how the sparsity rises: " + CLI::detail::join(schedules, ", "))
      ->check(known_values(schedules))
      ->capture_default_str();
  command->add_option("--steps", options->gradual.steps, "pruning steps, each with all --epochs")
      ->capture_default_str();
  command->add_option("--rewind-to", options->early,
                      "ONNX file of the early checkpoint for 'rewind' (train --save-epoch)");
  add_data_options(*command, options->data);
  add_json_option(*command, options->json);
  add_prune_options(*command, options->prune);
  add_train_options(*command, options->train);
  command->callback([options] { run_gradual(*options); });
}

}  // namespace ncprune::cli
