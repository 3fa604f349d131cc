#include <fmt/format.h>

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
  double structured = 0;  // share of the units to remove; 0: single weights
};

// What the two ways of pruning share.
struct Work {
  const Network& dense;
  const Calibration& calibration;
  const PruneOptions& options;
  const std::string& output;
};

double removed(int64_t before, int64_t after) {
  return 1 - static_cast<double>(after) / static_cast<double>(before);
}

// Both print what was removed and give the same as data.
Json prune_weights(const Work& work) {
  const Pruned pruned = prune(work.dense, work.calibration, work.options);
  write_onnx(work.output, pruned.network);
  Table table{"", {"layer", "weights", "kept", "sparsity"}, {}};
  Json layers = Json::array();
  for (const LayerSparsity& l : pruned.layers) {
    table.rows.push_back({l.name, std::to_string(l.weights), std::to_string(l.kept),
                          percent(removed(l.weights, l.kept))});
    layers.push_back({{"name", l.name}, {"weights", l.weights}, {"kept", l.kept}});
  }
  fmt::print("{}sparsity {} % over these layers; written to {}\n", to_text(table),
             percent(pruned.sparsity), work.output);
  return {{"sparsity", pruned.sparsity}, {"layers", layers}};
}

Json prune_structure(const Work& work) {
  const UnitsPruned pruned = prune_units(work.dense, work.calibration, work.options);
  write_onnx(work.output, pruned.network);
  Table table{"", {"layer", "units", "kept", "removed"}, {}};
  Json layers = Json::array();
  for (const LayerUnits& l : pruned.layers) {
    const int64_t kept = l.kept.numel();
    table.rows.push_back({l.name, std::to_string(l.units), std::to_string(kept),
                          l.reason.empty() ? percent(removed(l.units, kept)) : l.reason});
    layers.push_back({{"name", l.name}, {"units", l.units}, {"kept", kept}, {"reason", l.reason}});
  }
  const auto [before, after] = std::pair(pruned.before, pruned.after);
  fmt::print(
      "{}parameters {} -> {} ({:.1f} x fewer), multiply-adds {} -> {} ({:.1f} x fewer)\n"
      "the smaller network equals the masked one: scores differ by {:.1e} at most, relative to\n"
      "the largest, on calibration and random inputs; written to {}\n",
      to_text(table), before.parameters, after.parameters,
      static_cast<double>(before.parameters) / static_cast<double>(after.parameters), before.macs,
      after.macs, static_cast<double>(before.macs) / static_cast<double>(after.macs),
      pruned.difference, work.output);
  return {{"parameters", {{"before", before.parameters}, {"after", after.parameters}}},
          {"macs", {{"before", before.macs}, {"after", after.macs}}},
          {"difference", pruned.difference},
          {"layers", layers}};
}

void run(const Options& options) {
  require_writable(options.output);
  if (!options.json.empty()) require_writable(options.json);
  PruneOptions how = prune_options(options.prune, options.data.seed);
  const bool structured = options.structured > 0;
  if (structured) how.sparsity = options.structured;
  structured ? require_valid_for_units(how) : require_valid(how);
  const Network dense = read_onnx(options.input);
  const PreparedData data = prepare_data(options.data);
  require_fits(dense, data.train, options.input);
  const auto statistics = measure_for({how.method}, dense, data.train, how.metric);
  const Calibration calibration{data.train, statistics};
  const Work work{dense, calibration, how, options.output};
  Json json = structured ? prune_structure(work) : prune_weights(work);
  json.update({{"output", options.output}, {"method", options.prune.method}, {"head", how.head}});
  write_json_if(options.json, json);
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
  command
      ->add_option("--structured", options->structured,
                   "remove this share of the units (neurons) for real instead")
      ->excludes("--sparsity");
  command
      ->add_option("--budget", options->prune.options.budget,
                   "what --structured is a share of: units (of every layer), parameters or macs")
      ->capture_default_str();
  command->callback([options] { run(*options); });
}

}  // namespace ncprune::cli
