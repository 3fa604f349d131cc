#include <fmt/format.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/train_options.h"

namespace ncprune::cli {
namespace {

struct TrainCommand {
  DataRequest data;
  TrainRequest train;
  std::string architecture = "mlp:1000,200";
  std::string output;
  std::vector<std::string> saved;  // "EPOCH=FILE"
  std::string json;
};

std::map<int64_t, std::string> parse_saved(const std::vector<std::string>& saved) {
  std::map<int64_t, std::string> files;
  for (const std::string& text : saved) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals + 1 == text.size()) {
      throw InputError(fmt::format("--save-epoch '{}'; wanted EPOCH=FILE", text));
    }
    constexpr int64_t kMaxEpoch = 1'000'000;
    const int64_t epoch =
        parse_integers(text.substr(0, equals), "--save-epoch '" + text + "'", 0, kMaxEpoch).front();
    files[epoch] = text.substr(equals + 1);
    require_writable(files[epoch]);
  }
  return files;
}

void run_train(const TrainCommand& options) {
  require_writable_all({options.output, options.json});
  TrainOptions how = train_options(options.train, options.data.seed, file_stem(options.output));
  const std::map<int64_t, std::string> files = parse_saved(options.saved);
  for (const auto& [epoch, file] : files) how.checkpoints.push_back(epoch);
  const PreparedData data = prepare_data(options.data);
  how = with_ready_teacher(std::move(how), options.train, data);
  const Training training = train(make_network(options.architecture, data, options.data.seed),
                                  data.train, data.validation, how);
  write_onnx(options.output, training.network);
  const Json history = report_epochs(training);
  fmt::print("* epoch written to {}\n", options.output);
  for (const auto& [epoch, network] : training.checkpoints) {
    write_onnx(files.at(epoch), network);
    fmt::print("epoch {} written to {}\n", epoch, files.at(epoch));
  }
  for (const auto& [epoch, file] : files) {
    if (training.checkpoints.contains(epoch)) continue;
    log_warning(fmt::format("{} was not written: training stopped before epoch {}", file, epoch));
  }
  write_json_if(
      options.json,
      {{"output", options.output}, {"best_epoch", training.best_epoch}, {"history", history}});
}

}  // namespace

void add_train(CLI::App& app) {
  const auto options = std::make_shared<TrainCommand>();
  CLI::App* command = app.add_subcommand("train", "train a network and write it as ONNX");
  command->add_option("-o,--output", options->output, "the ONNX file to write")->required();
  command->add_option("--arch", options->architecture, "architecture, see 'ncprune architectures'")
      ->capture_default_str();
  command
      ->add_option("--save-epoch", options->saved,
                   "also write the network after this epoch (0: before training)")
      ->type_name("EPOCH=FILE")
      ->allow_extra_args(false);
  add_data_options(*command, options->data);
  add_json_option(*command, options->json);
  add_train_options(*command, options->train);
  command->callback([options] { run_train(*options); });
}

}  // namespace ncprune::cli
