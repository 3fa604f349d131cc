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
};

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
  require_valid(prune_options);
  const Network dense = read_onnx(options.input);
  const PreparedData data = prepare_data(options.data);
  require_fits(dense, data.train, options.input);
  const auto statistics =
      measure_for({prune_options.method}, dense, data.train, prune_options.metric);
  const Pruned pruned = prune(dense, {data.train, statistics}, prune_options);
  write_onnx(options.output, pruned.network);

  Table table{"", {"layer", "weights", "kept", "sparsity"}, {}};
  Json layers = Json::array();
  for (const LayerSparsity& l : pruned.layers) {
    const double sparsity = 1 - static_cast<double>(l.kept) / static_cast<double>(l.weights);
    table.rows.push_back(
        {l.name, std::to_string(l.weights), std::to_string(l.kept), percent(sparsity)});
    layers.push_back({{"name", l.name}, {"weights", l.weights}, {"kept", l.kept}});
  }
  fmt::print("{}sparsity {} % over these layers; written to {}\n", to_text(table),
             percent(pruned.sparsity), options.output);
  write_json_if(options.json, {{"output", options.output},
                               {"method", options.method},
                               {"head", prune_options.head},
                               {"sparsity", pruned.sparsity},
                               {"layers", layers}});
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
  option("--method", options->method, "see 'ncprune methods'; the parts below change it");
  option("--head", options->prune.head, "keep, realign or refit the classifier");
  option("--criterion", options->parts.criterion, "see 'ncprune criteria'");
  option("--allocation", options->parts.allocation, "global, guarded, uniform or erk");
  option("--pattern", options->parts.pattern, "layer, row or neuron");
  option("--solver", options->parts.solver, "score, or what searches a layer: admm");
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
  command->callback([options] { run(*options); });
}

}  // namespace ncprune::cli
