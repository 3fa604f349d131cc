#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"

namespace ncprune::cli {
namespace {

struct Options {
  DataRequest data;
  TrainOptions train;
  std::string architecture = "mlp:1000,200";
  std::string output;
  std::string json;
};

template <typename Entry>
std::string names(const std::vector<Entry>& table) {
  std::vector<std::string> all;
  all.reserve(table.size());
  for (const Entry& entry : table) all.emplace_back(entry.name);
  return CLI::detail::join(all, ", ");
}

void run(const Options& options) {
  require_writable(options.output);
  if (!options.json.empty()) require_writable(options.json);
  TrainOptions train_options = options.train;
  train_options.seed = options.data.seed;
  const PreparedData data = prepare_data(options.data);
  const Training training = train(make_network(options.architecture, data, options.data.seed),
                                  data.train, data.validation, train_options);
  write_onnx(options.output, training.network);
  Table table{"", {"epoch", "loss", "balanced\nvalidation", "overall\nvalidation", "seconds"}, {}};
  Json history = Json::array();
  for (const Epoch& e : training.history) {
    table.rows.push_back({fmt::format("{}{}", e.epoch, e.epoch == training.best_epoch ? " *" : ""),
                          fmt::format("{:.4f}", e.loss), percent(e.validation_balanced),
                          percent(e.validation_overall), fmt::format("{:.1f}", e.seconds)});
    history.push_back({{"epoch", e.epoch},
                       {"loss", e.loss},
                       {"learning_rate", e.learning_rate},
                       {"validation_balanced", e.validation_balanced},
                       {"validation_overall", e.validation_overall},
                       {"seconds", e.seconds}});
  }
  fmt::print("{}* the epoch written to {}\n", to_text(table), options.output);
  write_json_if(
      options.json,
      {{"output", options.output}, {"best_epoch", training.best_epoch}, {"history", history}});
}

}  // namespace

void add_train(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("train", "train a network and write it as ONNX");
  add_data_options(*command, options->data);
  add_json_option(*command, options->json);
  TrainOptions& train = options->train;
  command->add_option("-o,--output", options->output, "the ONNX file to write")->required();
  const auto option = [&](const std::string& name, auto& field, const std::string& text) {
    command->add_option(name, field, text)->capture_default_str();
  };
  option("--arch", options->architecture, "architecture, see 'ncprune architectures'");
  option("--epochs", train.epochs, "passes over the training data");
  option("--batch", train.batch, "samples per step");
  option("--optimizer", train.optimizer, names(optimizers()));
  option("--learning-rate", train.learning_rate, "the schedule's full rate");
  option("--momentum", train.momentum, "of sgd");
  option("--weight-decay", train.weight_decay, "of every optimizer");
  option("--schedule", train.schedule, names(schedules()));
  option("--loss", train.loss, names(losses()));
  option("--sampler", train.sampler, names(samplers()));
  option("--select", train.select, "validation accuracy that picks the epoch: balanced, overall");
  option("--patience", train.patience, "epochs without a better one before stopping; 0: never");
  command->callback([options] { run(*options); });
}

}  // namespace ncprune::cli
