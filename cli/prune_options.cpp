#include "cli/prune_options.h"

#include "cli/files.h"

namespace ncprune::cli {

// What stands empty is as the method has it.
PruneRequest::PruneRequest() {
  for (const MethodPart& part : method_parts()) (parts.*part.field).clear();
  parts.rounds = 0;
}

void add_prune_options(CLI::App& command, PruneRequest& request) {
  const auto option = [&](const std::string& name, auto& field, const std::string& text) {
    return command.add_option(name, field, text)->capture_default_str();
  };
  PruneOptions& prune = request.options;
  option("--sparsity", prune.sparsity, "share of the weights to remove, in [0, 1)")
      ->each([&request](const std::string&) { request.sparsity_given = true; });
  option("--method", request.method, "see 'ncprune methods'; the parts below change it");
  command.add_option(
      "--batch-norm", prune.batch_norm,
      "keep BatchNormalization as trained, match the dense network's class shares, or "
      "recalibrate its statistics; by default the method's choice, and keep in 'gradual'");
  option("--head", prune.head, "keep, realign or refit the classifier");
  Method& parts = request.parts;
  for (const MethodPart& part : method_parts()) {
    option("--" + part.name, parts.*part.field, part.summary);
  }
  option("--rounds", parts.rounds, "of scoring anew on what is left");
  for (const MetricField& f : metric_fields()) {
    option("--" + f.name, prune.metric.*f.field, f.summary);
  }
}

PruneOptions prune_options(const PruneRequest& request, uint64_t seed) {
  PruneOptions options = request.options;
  options.seed = seed;
  options.method = find_named(methods(), request.method, "method");
  for (const MethodPart& part : method_parts()) {
    const std::string& given = request.parts.*part.field;
    if (!given.empty()) options.method.*part.field = given;
  }
  if (request.parts.rounds > 0) options.method.rounds = request.parts.rounds;
  const auto group = find_pattern(options.method.pattern).group;
  if (group && !request.sparsity_given) {
    options.sparsity = 1 - static_cast<double>(group->first) / static_cast<double>(group->second);
  }
  return options;
}

void add_structured_options(CLI::App& command, PruneRequest& request) {
  command
      .add_option("--structured", request.structured,
                  "remove this share of the units (neurons) for real instead")
      ->excludes("--sparsity");
  command
      .add_option("--budget", request.options.budget,
                  "what --structured is a share of: units (of every layer), parameters or macs")
      ->capture_default_str();
  command
      .add_option("--round-to", request.options.round_to,
                  "keep a multiple of so many units where any go")
      ->capture_default_str();
}

PruneTask prune_task(const std::string& network, const DataRequest& data,
                     const PruneRequest& request) {
  PruneTask task;
  task.options = prune_options(request, data.seed);
  if (request.structured) {
    task.options.sparsity = *request.structured;
    require_valid_for_units(task.options);
  } else {
    require_valid(task.options);
  }
  NetworkAndData read = read_network_and_data(network, data);
  task.dense = std::move(read.network);
  task.data = std::move(read.data);
  // A promise is searched for by many prunings; the finish is settled, and said, once.
  task.options.batch_norm = finish_of(task.options, task.dense, task.data.train).batch_norm;
  task.statistics =
      measure_for({task.options.method}, task.dense, task.data.train, task.options.metric);
  return task;
}

}  // namespace ncprune::cli
