#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/train_options.h"

namespace ncprune::cli {
namespace {

struct FinetuneCommand {
  std::string input;
  OutputRequest output;
  std::string json;
  DataRequest data;
  TrainRequest train;
};

void run_finetune(const FinetuneCommand& options) {
  require_writable_all({options.output.path, options.json});
  TrainOptions how =
      train_options(options.train, options.data.seed, file_stem(options.output.path));
  const auto [network, data] = read_network_and_data(options.input, options.data);
  how = with_ready_teacher(std::move(how), options.train, data);
  const Training training = train(network, data.train, data.validation, how);
  const Written written = write_network(options.output, training.network, data.train);
  const Json history = report_epochs(training);
  const double before = sparsity(layer_sparsity(network));
  const double after = sparsity(layer_sparsity(training.network));
  fmt::print(
      "* epoch written to {}\n"
      "zeros stayed zero: sparsity {} % before, {} % after, over all layers except the head\n",
      options.output.path, percent(before), percent(after));
  Json json = report_written(written);
  json.update({{"output", options.output.path},
               {"sparsity_before", before},
               {"sparsity_after", after},
               {"best_epoch", training.best_epoch},
               {"history", history}});
  write_json_if(options.json, json);
}

}  // namespace

void add_finetune(CLI::App& app) {
  const auto options = std::make_shared<FinetuneCommand>();
  options->train.options.loss = kLossAfterPruning;
  options->train.options.keep_zeros = true;
  options->train.options.keep_start = true;
  CLI::App* command =
      app.add_subcommand("finetune", "train a pruned network further; pruned weights stay zero");
  command->add_option("network", options->input, "the ONNX file to train")->required();
  add_output_options(*command, options->output);
  add_data_options(*command, options->data);
  add_json_option(*command, options->json);
  add_train_options(*command, options->train);
  command->callback([options] { run_finetune(*options); });
}

}  // namespace ncprune::cli
