#include <fmt/format.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"

namespace ncprune::cli {
namespace {

constexpr std::array kParts{&Method::criterion, &Method::allocation, &Method::pattern,
                            &Method::solver,    &Method::metric,     &Method::repair};

// What stands empty is as the method has it.
Method nothing() {
  Method parts;
  for (std::string Method::*part : kParts) (parts.*part).clear();
  parts.rounds = 0;
  return parts;
}

struct Options {
  std::string input;
  std::string output;
  std::string json;
  DataRequest data;
  std::string method = "surgeon";
  Method parts = nothing();  // those given on the command line
  PruneOptions prune;
  bool sparsity_given = false;
  double structured = 0;  // share of the units to remove; 0: single weights
};

double removed(int64_t before, int64_t after) {
  return 1 - static_cast<double>(after) / static_cast<double>(before);
}

// Both print what was removed and give the same as data.
Json prune_weights(const Network& dense, const Calibration& calibration, const Options& options) {
  const Pruned pruned = prune(dense, calibration, options.prune);
  write_onnx(options.output, pruned.network);
  Table table{"", {"layer", "weights", "kept", "sparsity"}, {}};
  Json layers = Json::array();
  for (const LayerSparsity& l : pruned.layers) {
    table.rows.push_back({l.name, std::to_string(l.weights), std::to_string(l.kept),
                          percent(removed(l.weights, l.kept))});
    layers.push_back({{"name", l.name}, {"weights", l.weights}, {"kept", l.kept}});
  }
  fmt::print("{}sparsity {} % over these layers; written to {}\n", to_text(table),
             percent(pruned.sparsity), options.output);
  return {{"sparsity", pruned.sparsity}, {"layers", layers}};
}

Json prune_structure(const Network& dense, const Calibration& calibration, const Options& options) {
  const UnitsPruned pruned = prune_units(dense, calibration, options.prune);
  write_onnx(options.output, pruned.network);
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
      pruned.difference, options.output);
  return {{"parameters", {{"before", before.parameters}, {"after", after.parameters}}},
          {"macs", {{"before", before.macs}, {"after", after.macs}}},
          {"difference", pruned.difference},
          {"layers", layers}};
}

void run(Options options) {
  require_writable(options.output);
  if (!options.json.empty()) require_writable(options.json);
  PruneOptions& prune_options = options.prune;
  prune_options.seed = options.data.seed;
  prune_options.method = find_named(methods(), options.method, "method");
  for (std::string Method::*part : kParts) {
    if (!(options.parts.*part).empty()) prune_options.method.*part = options.parts.*part;
  }
  if (options.parts.rounds > 0) prune_options.method.rounds = options.parts.rounds;
  const auto group = find_pattern(prune_options.method.pattern).group;
  if (group && !options.sparsity_given) {
    prune_options.sparsity =
        1 - static_cast<double>(group->first) / static_cast<double>(group->second);
  }
  const bool structured = options.structured > 0;
  if (structured) prune_options.sparsity = options.structured;
  structured ? require_valid_for_units(prune_options) : require_valid(prune_options);
  const Network dense = read_onnx(options.input);
  const PreparedData data = prepare_data(options.data);
  require_fits(dense, data.train, options.input);
  const auto statistics =
      measure_for({prune_options.method}, dense, data.train, prune_options.metric);
  const Calibration calibration{data.train, statistics};
  Json json = structured ? prune_structure(dense, calibration, options)
                         : prune_weights(dense, calibration, options);
  json.update(
      {{"output", options.output}, {"method", options.method}, {"head", prune_options.head}});
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
  const auto option = [&](const std::string& name, auto& field, const std::string& text) {
    command->add_option(name, field, text)->capture_default_str();
  };
  option("--sparsity", options->prune.sparsity, "share of the weights to remove, in [0, 1)");
  command
      ->add_option("--structured", options->structured,
                   "remove this share of the units (neurons) for real instead")
      ->excludes("--sparsity");
  option("--budget", options->prune.budget,
         "what --structured is a share of: units (of every layer), parameters or macs");
  option("--method", options->method, "see 'ncprune methods'; the parts below change it");
  option("--head", options->prune.head, "keep, realign or refit the classifier");
  option("--criterion", options->parts.criterion, "see 'ncprune criteria'");
  option("--allocation", options->parts.allocation, "global, guarded, uniform or erk");
  option("--pattern", options->parts.pattern,
         "layer, row, neuron, N:M (as 2:4, which fixes the sparsity) or block:RxC");
  option("--solver", options->parts.solver,
         "score, or what searches a layer: admm, obc or sparsegpt");
  option("--search-metric", options->parts.metric, "of the solver: neural-collapse or plain");
  option("--repair", options->parts.repair, "none, own (what the solver leaves) or least-squares");
  option("--rounds", options->parts.rounds, "of scoring anew on what is left");
  MetricOptions& metric = options->prune.metric;
  option("--kappa", metric.kappa, "weight of the class means in the metric");
  option("--balance", metric.balance, "0 averages over samples, 1 over classes");
  option("--shrinkage", metric.shrinkage, "samples at which a class's scatter is half the pool's");
  option("--margin", metric.margin, "share of a sample's weight that goes by its indecision");
  option("--noise", metric.noise, "standard deviation of the input noise to prepare for");
  option("--damping", metric.damping, "ridge, as a share of the metric's mean diagonal");
  command->callback([options, command] {
    options->sparsity_given = command->count("--sparsity") > 0;
    run(*options);
  });
}

}  // namespace ncprune::cli
