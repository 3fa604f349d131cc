#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/train_options.h"

namespace ncprune::cli {
namespace {

struct FinetuneCommand {
  std::string input;
  std::string output;
  std::string json;
  DataRequest data;
  TrainRequest train;
};

void run_finetune(const FinetuneCommand& options) {
  require_writable_all({options.output, options.json});
  TrainOptions how = train_options(options.train, options.data.seed, file_stem(options.output));
  const auto [network, data] = read_network_and_data(options.input, options.data);
  how = with_ready_teacher(std::move(how), options.train, data);
  const Training training = train(network, data.train, data.validation, how);
  write_onnx(options.output, training.network);
  const Json history = report_epochs(training);
  const double before = sparsity(layer_sparsity(network));
  const double after = sparsity(layer_sparsity(training.network));
  fmt::print(
      "* epoch written to {}\n"
      "zeros stayed zero: sparsity {} % before, {} % after, over all layers except the head\n",
      options.output, percent(before), percent(after));
  write_json_if(options.json, {{"output", options.output},
                               {"sparsity_before", before},
                               {"sparsity_after", after},
                               {"best_epoch", training.best_epoch},
                               {"history", history}});
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
  command->add_option("-o,--output", options->output, "the ONNX file to write")->required();
  add_data_options(*command, options->data);
  add_json_option(*command, options->json);
  add_train_options(*command, options->train);
  command->callback([options] { run_finetune(*options); });
}

}  // namespace ncprune::cli
