#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"

namespace ncprune::cli {
namespace {

struct CollapseCommand {
  std::vector<std::string> networks;
  DataRequest data;
  std::string part = "train";
  std::string json;
};

void run_collapse(const CollapseCommand& options) {
  require_writable_all({options.json});
  const auto [networks, prepared] = read_networks_and_data(options.networks, options.data);
  const Dataset& data = options.part == "train" ? prepared.train : prepared.test;
  const ClassInfo classes = class_info(networks.front().metadata, data);
  std::vector<CollapseResult> results;
  for (size_t i = 0; i < networks.size(); ++i) {
    require_fits(networks[i], data, options.networks[i]);
    results.push_back({file_stem(options.networks[i]),
                       measure_collapse(networks[i], data, class_counts(prepared.train))});
  }
  const Collapse& dense = results.front().collapse;
  const std::string title = fmt::format("Neural Collapse on {}, {} {} samples", options.data.data,
                                        data.size(), options.part);
  for (const Table& table : collapse_tables(title, classes, results)) {
    fmt::print("{}\n", to_text(table));
  }
  fmt::print("{}", collapse_notes(classes, dense));
  Json list = Json::array();
  for (size_t i = 0; i < results.size(); ++i) {
    Json json{{"network", options.networks[i]}};
    json.update(collapse_json(results[i].collapse, dense));
    list.push_back(std::move(json));
  }
  write_json_if(options.json, {{"data", options.data.data},
                               {"part", options.part},
                               {"classes", classes.names},
                               {"minority", classes.minority},
                               {"counts", dense.counts},
                               {"networks", list}});
}

}  // namespace

void add_collapse(CLI::App& app) {
  const auto options = std::make_shared<CollapseCommand>();
  CLI::App* command =
      app.add_subcommand("collapse", "measure Neural Collapse per layer, networks side by side");
  command->add_option("networks", options->networks, "ONNX files, the dense one first")->required();
  add_data_options(*command, options->data);
  add_json_option(*command, options->json);
  command->add_option("--on", options->part, "part of the data to measure on: train or test")
      ->check(CLI::IsMember({"train", "test"}))
      ->capture_default_str();
  command->callback([options] { run_collapse(*options); });
}

}  // namespace ncprune::cli
