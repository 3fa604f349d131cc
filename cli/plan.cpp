#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/prune_options.h"
#include "cli/prune_report.h"

namespace ncprune::cli {
namespace {

struct PlanCommand {
  std::string input;
  std::string output;
  DataRequest data;
  PruneRequest prune;
};

void run_plan(const PlanCommand& options) {
  require_writable(options.output);
  PruneTask task = prune_task(options.input, options.data, options.prune);
  const Network& dense = task.calibration.network();
  const Pruned pruned = prune(task.calibration, task.recipe);
  write_json(options.output, plan_json(plan_of(dense, pruned)));
  report_pruned(dense, pruned, options.output);
}

}  // namespace

void add_plan(CLI::App& app) {
  const auto options = std::make_shared<PlanCommand>();
  CLI::App* command =
      app.add_subcommand("plan", "write a pruning decision as JSON, which 'apply' carries out");
  command->add_option("network", options->input, "the ONNX file to plan for")->required();
  command->add_option("-o,--output", options->output, "the plan to write")->required();
  add_data_options(*command, options->data);
  add_prune_options(*command, options->prune);
  add_structured_options(*command, options->prune);
  command->callback([options] { run_plan(*options); });
}

}  // namespace ncprune::cli
