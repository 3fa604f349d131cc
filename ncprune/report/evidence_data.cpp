#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ncprune/report/class_report.h"
#include "ncprune/report/collapse_report.h"
#include "ncprune/report/comparison_report.h"
#include "ncprune/report/evidence_page.h"
#include "ncprune/report/robustness_report.h"

namespace ncprune {
namespace {

// Null when it was not measured.
Json latency_json(const std::vector<Latency>& latencies, size_t network) {
  if (latencies.empty()) return nullptr;
  const Latency& own = latencies[network];
  return {{"median", own.median}, {"low", own.low}, {"high", own.high}};
}

Json size_json(const Evidence& evidence, size_t network) {
  const NetworkSize& size = evidence.sizes[network];
  Json layers = Json::array();
  for (const LayerSize& layer : size.layers) {
    layers.push_back({{"name", layer.name}, {"weights", layer.weights}, {"kept", layer.kept}});
  }
  Json json{{"parameters", size.parameters},
            {"macs", size.macs},
            {"bytes", evidence.file_bytes[network]},
            {"layers", layers},
            {"milliseconds", latency_json(evidence.latencies, network)},
            {"milliseconds_compiled", latency_json(evidence.compiled, network)}};
  return json;
}

// Quotes `text` for CSV. An apostrophe marks text that a spreadsheet would read as a formula.
std::string csv_text(const std::string& text) {
  std::string quoted = "\"";
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) {
    quoted += "'";
  }
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string csv_number(double value) {
  return std::isfinite(value) ? fmt::format("{:.6g}", value) : "";
}

}  // namespace

Json evidence_json(const Evidence& evidence, const Provenance& provenance) {
  Json json{{"schema", kEvidenceSchema},
            {"title", provenance.title},
            {"verdicts", verdicts(evidence)},
            {"provenance",
             {{"command", provenance.command},
              {"data", provenance.data},
              {"imbalance", provenance.imbalance},
              {"test_samples", provenance.test_samples},
              {"seed", provenance.seed},
              {"version", provenance.version}}},
            {"classes", evidence.classes.names},
            {"training_samples", evidence.classes.counts},
            {"minority", evidence.classes.minority},
            {"networks", Json::array()}};
  for (size_t i = 0; i < evidence.results.size(); ++i) {
    const ModelResult& result = evidence.results[i];
    Json network{{"name", result.name}, {"clean", metrics_json(result.clean, evidence.classes)}};
    if (result.noisy) network["noisy"] = metrics_json(*result.noisy, evidence.classes);
    if (result.common) network["common"] = common_json(result, evidence.classes);
    network["size"] = size_json(evidence, i);
    if (i > 0) {
      network["comparison"] = comparison_json(evidence.comparisons[i - 1], evidence.classes);
    }
    if (!evidence.collapse.empty()) {
      network["collapse"] = collapse_json(evidence.collapse[i], evidence.collapse.front());
    }
    json["networks"].push_back(std::move(network));
  }
  if (evidence.robustness) {
    std::vector<std::string> names;
    for (const ModelResult& result : evidence.results) names.push_back(result.name);
    json["robustness"] = robustness_json({names, *evidence.robustness}, evidence.classes);
  }
  return json;
}

std::string evidence_csv(const Evidence& evidence) {
  std::string text =
      "network,class,training_samples,rare,recall,noisy_recall,recall_under_corruption,lost,gained,"
      "p_value_holm,calibration_error,margin\n";
  std::vector<CorruptionSummary> corrupted;
  if (evidence.robustness && !evidence.robustness->corruptions.corrupted.empty()) {
    corrupted = summarize(evidence.robustness->corruptions);
  }
  const auto& rare = evidence.classes.minority;
  for (size_t i = 0; i < evidence.results.size(); ++i) {
    const ModelResult& result = evidence.results[i];
    for (size_t c = 0; c < evidence.classes.names.size(); ++c) {
      const bool is_rare =
          std::find(rare.begin(), rare.end(), static_cast<int64_t>(c)) != rare.end();
      const auto& counts = evidence.classes.counts;
      text += fmt::format("{},{},{},{},{},{},{}", csv_text(result.name),
                          csv_text(evidence.classes.names[c]),
                          counts.empty() ? "" : std::to_string(counts[c]), is_rare ? 1 : 0,
                          csv_number(result.clean.recall[c]),
                          result.noisy ? csv_number(result.noisy->recall[c]) : "",
                          corrupted.empty() ? "" : csv_number(corrupted[i].recall[c]));
      if (i == 0) {
        text += ",,,,,\n";
        continue;
      }
      const ClassChange& change = evidence.comparisons[i - 1].classes[c];
      text +=
          fmt::format(",{},{},{},{},{}\n", change.lost, change.gained, csv_number(change.adjusted),
                      csv_number(change.calibration_error_after), csv_number(change.margin_after));
    }
  }
  return text;
}

}  // namespace ncprune
