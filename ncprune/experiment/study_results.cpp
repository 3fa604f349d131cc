// The results file of a study: a row per line, so that a study can be taken up again.
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/spec.h"
#include "ncprune/experiment/study.h"

namespace ncprune {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

ClassMetrics read_metrics(const Json& json) {
  ClassMetrics metrics;
  for (const Json& recall : json.at("recall")) {
    metrics.recall.push_back(recall.is_null() ? kNan : recall.get<double>());
  }
  metrics.balanced_accuracy = json.at("balanced_accuracy").get<double>();
  metrics.overall_accuracy = json.at("overall_accuracy").get<double>();
  metrics.worst_recall = json.at("worst_recall").get<double>();
  metrics.macro_f1 = json.at("macro_f1").get<double>();
  metrics.g_mean = json.at("g_mean").get<double>();
  return metrics;
}

StudyRow read_row(const Json& json) {
  StudyRow row;
  json.at("data").get_to(row.data);
  json.at("imbalance").get_to(row.imbalance);
  json.at("seed").get_to(row.seed);
  json.at("method").get_to(row.method);
  json.at("treatment").get_to(row.treatment);
  json.at("repair").get_to(row.repair);
  json.at("head").get_to(row.head);
  json.at("sparsity").get_to(row.sparsity);
  json.at("sparsity_reached").get_to(row.reached);
  json.at("seconds").get_to(row.seconds);
  json.at("classes").get_to(row.classes.names);
  json.at("class_counts").get_to(row.classes.counts);
  json.at("minority").get_to(row.classes.minority);
  row.result = {row.method, read_metrics(json), {}};
  if (json.contains("noisy")) row.result.noisy = read_metrics(json.at("noisy"));
  return row;
}

}  // namespace

Json row_json(const StudyRow& row) {
  Json json{{"data", row.data},           {"imbalance", row.imbalance},
            {"seed", row.seed},           {"method", row.method},
            {"treatment", row.treatment}, {"repair", row.repair},
            {"head", row.head},           {"sparsity", row.sparsity},
            {"seconds", row.seconds},     {"sparsity_reached", row.reached}};
  json.update(metrics_json(row.result.clean, row.classes));
  if (row.result.noisy) json["noisy"] = metrics_json(*row.result.noisy, row.classes);
  return json;
}

std::vector<StudyRow> read_results(const std::string& path) {
  std::vector<StudyRow> rows;
  if (path.empty() || !std::filesystem::exists(path)) return rows;
  const std::string text = read_file(path);
  int64_t line_number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++line_number;
    if (line.empty()) continue;
    try {
      rows.push_back(read_row(Json::parse(line)));
    } catch (const nlohmann::json::exception& error) {
      throw InputError(path + ":" + std::to_string(line_number) +
                       ": is not a row of a study's results: " + error.what());
    }
  }
  return rows;
}

void write_results(const std::string& path, const std::vector<StudyRow>& rows) {
  std::string text;
  for (const StudyRow& row : rows) {
    Json json = row_json(row);
    json["classes"] = row.classes.names;
    json["class_counts"] = row.classes.counts;
    json["minority"] = row.classes.minority;
    text += json.dump() + "\n";
  }
  write_file(path, text);
}

Json rows_json(const std::vector<StudyRow>& rows) {
  Json list = Json::array();
  for (const StudyRow& row : rows) list.push_back(row_json(row));
  Json json;
  if (!rows.empty()) {
    json["classes"] = rows.front().classes.names;
    json["minority"] = rows.front().classes.minority;
  }
  json["rows"] = std::move(list);
  return json;
}

}  // namespace ncprune
