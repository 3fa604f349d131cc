#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"

namespace ncprune::cli {
namespace {

struct Options {
  std::string input;
  std::string output;
  std::string json;
  DataRequest data;
  PruneRequest prune;
  PromiseRequest promise;
};

Json prune_as_asked(const PruneTask& task, const Options& options) {
  if (options.promise.given()) {
    return prune_by_promise(task, options.promise, options.prune, options.output);
  }
  if (options.prune.structured) {
    return write_pruned(prune_units(task.dense, task.calibration(), task.options), options.output);
  }
  return write_pruned(prune(task.dense, task.calibration(), task.options), options.output);
}

void run(const Options& options) {
  require_writable(options.output);
  if (!options.json.empty()) require_writable(options.json);
  const PruneTask task = prune_task(options.input, options.data, options.prune);
  Json json = prune_as_asked(task, options);
  json.update(
      {{"output", options.output}, {"method", options.prune.method}, {"head", task.options.head}});
  write_json_if(options.json, json);
  if (options.promise.given() && !json["promise"]["kept"].get<bool>()) throw PromiseNotKept();
}

}  // namespace

void add_prune(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("prune", "prune a network by its training data");
  command->add_option("network", options->input, "the ONNX file to prune")->required();
  command->add_option("-o,--output", options->output, "the ONNX file to write")->required();
  add_data_options(*command, options->data);
  add_json_option(*command, options->json);
  add_prune_options(*command, options->prune);
  add_structured_options(*command, options->prune);
  add_promise_options(*command, options->promise);
  command->callback([options] { run(*options); });
}

}  // namespace ncprune::cli
