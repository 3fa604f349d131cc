#include "cli/prune_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ncprune/ncprune.h"

namespace ncprune::cli {
namespace {

double removed(int64_t before, int64_t after) {
  return 1 - static_cast<double>(after) / static_cast<double>(before);
}

// A convolution of many groups with one remaining group is a layer.
int64_t remaining_units(const Network& smaller, const OtherWeight& weight) {
  for (const OtherWeight& other : other_weights(smaller)) {
    if (other.name == weight.name) return other.units;
  }
  for (const Layer& layer : linear_layers(smaller)) {
    if (layer.name == weight.name) return weight_of(smaller, layer).size(0);
  }
  return 0;
}

Json report_weights(const Pruned& pruned, const std::string& written) {
  Table table{"", {"layer", "weights", "kept", "sparsity"}, {}};
  Json layers = Json::array();
  for (const PrunedLayer& l : pruned.layers) {
    table.rows.push_back({l.name, std::to_string(l.before), std::to_string(l.kept),
                          percent(removed(l.before, l.kept))});
    layers.push_back({{"name", l.name}, {"weights", l.before}, {"kept", l.kept}});
  }
  Json others = Json::array();
  for (const OtherWeight& w : other_weights(pruned.network)) {
    if (w.by_groups) continue;
    table.rows.push_back({w.name, std::to_string(w.weights), std::to_string(w.weights), w.reason});
    others.push_back({{"name", w.name}, {"weights", w.weights}, {"reason", w.reason}});
  }
  fmt::print("{}sparsity {} % over {}; written to {}\n", to_text(table), percent(pruned.removed),
             others.empty() ? "these layers" : "the layers that lose weights", written);
  return {{"sparsity", pruned.removed}, {"layers", layers}, {"others", others}};
}

Json report_units(const Network& dense, const Pruned& pruned, const std::string& written) {
  Table table{"", {"layer", "units", "kept", "removed"}, {}};
  Json layers = Json::array();
  for (const PrunedLayer& l : pruned.layers) {
    table.rows.push_back({l.name, std::to_string(l.before), std::to_string(l.kept),
                          l.reason.empty() ? percent(removed(l.before, l.kept)) : l.reason});
    layers.push_back(
        {{"name", l.name}, {"units", l.before}, {"kept", l.kept}, {"reason", l.reason}});
  }
  Json others = Json::array();
  for (const OtherWeight& whole : other_weights(dense)) {
    const int64_t kept = remaining_units(pruned.network, whole);
    const bool stays = kept == whole.units;
    table.rows.push_back({whole.name, std::to_string(whole.units), std::to_string(kept),
                          stays ? whole.reason : percent(removed(whole.units, kept))});
    others.push_back({{"name", whole.name},
                      {"units", whole.units},
                      {"kept", kept},
                      {"reason", stays ? whole.reason : ""}});
  }
  const auto& [masked, before, after, difference] = *pruned.shrinkage;
  fmt::print(
      "{}parameters {} -> {} ({:.1f} x fewer), multiply-adds {} -> {} ({:.1f} x fewer)\n"
      "the smaller network equals the masked one: scores differ by at most {:.1e}, relative to\n"
      "the largest, on calibration and random inputs; written to {}\n",
      to_text(table), before.parameters, after.parameters,
      static_cast<double>(before.parameters) / static_cast<double>(after.parameters), before.macs,
      after.macs, static_cast<double>(before.macs) / static_cast<double>(after.macs), difference,
      written);
  return {{"parameters", {{"before", before.parameters}, {"after", after.parameters}}},
          {"macs", {{"before", before.macs}, {"after", after.macs}}},
          {"difference", difference},
          {"layers", layers},
          {"others", others}};
}

void report_finish(const std::string& name) {
  const Finish& finish = find_named(finishes(), name, "finish");
  if (finish.changes) fmt::print("finish: {}\n", finish.summary);
}

}  // namespace

Json report_pruned(const Network& dense, const Pruned& pruned, const std::string& written) {
  Json json =
      pruned.shrinkage ? report_units(dense, pruned, written) : report_weights(pruned, written);
  report_finish(*pruned.recipe.finish);
  return json;
}

}  // namespace ncprune::cli
