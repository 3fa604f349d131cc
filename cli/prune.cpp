#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/promise.h"
#include "cli/prune_options.h"
#include "cli/prune_report.h"

namespace ncprune::cli {
namespace {

struct PruneCommand {
  std::string input;
  OutputRequest output;
  std::string json;
  DataRequest data;
  PruneRequest prune;
  PromiseRequest promise;
};

void run_prune(const PruneCommand& options) {
  require_writable_all({options.output.path, options.json});
  PruneTask task = prune_task(options.input, options.data, options.prune);
  Json promise;
  if (options.promise.given()) promise = settle_promise(task, options.promise, options.prune);
  const Pruned pruned = prune(task.calibration, task.recipe);
  const Written written = write_network(options.output, pruned.network, task.data.train);
  Json json = report_pruned(task.calibration.network(), pruned, options.output.path);
  json.update(report_written(written));
  json.update({{"output", options.output.path},
               {"method", pruned.recipe.method.name},
               {"finish", *pruned.recipe.finish},
               {"head", pruned.recipe.head},
               {"recipe", recipe_json(pruned.recipe)}});
  if (!promise.is_null()) json["promise"] = promise;
  write_json_if(options.json, json);
  if (promise.is_null() || promise["kept"].get<bool>()) return;
  fmt::print(
      "The promise could not be shown to be kept; the least pruned network that was tried was "
      "written.\n");
  throw PromiseNotKept();
}

}  // namespace

void add_prune(CLI::App& app) {
  const auto options = std::make_shared<PruneCommand>();
  CLI::App* command = app.add_subcommand("prune", "prune a network with its training data");
  command->add_option("network", options->input, "the ONNX file to prune")->required();
  add_output_options(*command, options->output);
  add_data_options(*command, options->data);
  add_json_option(*command, options->json);
  add_prune_options(*command, options->prune);
  add_structured_options(*command, options->prune);
  add_promise_options(*command, options->promise,
                      "most points that any class's recall may fall; prune as much as that allows");
  command->callback([options] { run_prune(*options); });
}

}  // namespace ncprune::cli
