#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/definitions.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/prune_report.h"

namespace ncprune::cli {
namespace {

struct ApplyCommand {
  std::string plan;
  std::string input;
  OutputRequest output;
  std::string json;
  DataRequest data;
  std::string repair;  // empty: as planned
  std::string finish;
  std::string head;
  bool force = false;
};

void run_apply(const ApplyCommand& options) {
  require_writable_all({options.output.path, options.json});
  Plan plan = parse_plan(read_file(options.plan), options.plan);
  if (!options.repair.empty()) plan.recipe.method.repair = options.repair;
  if (!options.finish.empty()) plan.recipe.finish = options.finish;
  if (!options.head.empty()) plan.recipe.head = options.head;
  const NetworkAndData read = read_network_and_data(options.input, options.data);
  require_match(options.input, read, options.data, options.force);
  const auto& [network, data] = read;
  const std::vector<std::string> changed = changed_tensors(plan, network);
  const Pruned pruned = apply_plan(network, plan, data.train);
  const Written written = write_network(options.output, pruned.network, data.train);
  Json json = report_pruned(network, pruned, options.output.path);
  json.update(report_written(written));
  fmt::print("{}\n",
             changed.empty()
                 ? "the weights are the ones that the plan was made with"
                 : fmt::format("tensors changed since the plan was made: {}",
                               printable_text(fmt::format("{}", fmt::join(changed, ", ")))));
  json.update({{"output", options.output.path}, {"changed", changed}});
  write_json_if(options.json, json);
}

}  // namespace

void add_apply(CLI::App& app) {
  const auto options = std::make_shared<ApplyCommand>();
  CLI::App* command =
      app.add_subcommand("apply", "carry out a plan on its network or on one trained further");
  command->add_option("plan", options->plan, "the plan, from 'ncprune plan'")->required();
  command->add_option("network", options->input, "the ONNX file to prune")->required();
  add_output_options(*command, options->output);
  add_data_options(*command, options->data);
  add_json_option(*command, options->json);
  command
      ->add_option("--repair", options->repair,
                   choices(repairs_of_given_masks()) + "; by default as in the plan")
      ->check(known_values(all_names(repairs_of_given_masks())));
  command
      ->add_option("--finish", options->finish, choices(finishes()) + "; by default as in the plan")
      ->check(known_values(all_names(finishes())));
  command
      ->add_option("--head", options->head,
                   choices(head_treatments()) + "; by default as in the plan")
      ->check(known_values(all_names(head_treatments())));
  add_force_option(*command, options->force);
  command->callback([options] { run_apply(*options); });
}

}  // namespace ncprune::cli
