#include "ncprune/experiment/study_results.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/spec.h"

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

Json train_json(const TrainOptions& train) {
  Json json{{"loss", train.loss},
            {"sampler", train.sampler},
            {"optimizer", train.optimizer},
            {"schedule", train.schedule},
            {"learning_rate", train.learning_rate},
            {"momentum", train.momentum},
            {"weight_decay", train.weight_decay},
            {"epochs", train.epochs},
            {"batch", train.batch},
            {"select", train.select},
            {"patience", train.patience}};
  // Only where there is some: rows from before there was any stay valid.
  if (!train.augment.empty()) json["augment"] = train.augment;
  return json;
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
  row.batch_norm = json.value("batch_norm", row.batch_norm);
  row.finetuned = json.value("finetuned", false);
  json.at("sparsity").get_to(row.sparsity);
  json.at("sparsity_reached").get_to(row.reached);
  json.at("seconds").get_to(row.seconds);
  row.settings = json.at("settings").dump();
  json.at("classes").get_to(row.classes.names);
  json.at("class_counts").get_to(row.classes.counts);
  json.at("minority").get_to(row.classes.minority);
  row.result = {row.method, read_metrics(json), {}};
  if (json.contains("noisy")) row.result.noisy = read_metrics(json.at("noisy"));
  return row;
}

}  // namespace

std::string training_settings(const Study& study) {
  return Json{{"architecture", study.architecture},
              {"validation", study.validation},
              {"train", train_json(study.train)}}
      .dump();
}

std::string study_settings(const Study& study) {
  Json metric;
  for (const MetricField& f : metric_fields()) metric[f.name] = study.metric.*f.field;
  Json settings{{"architecture", study.architecture}, {"remove", study.remove},
                {"validation", study.validation},     {"noise", study.noise},
                {"train", train_json(study.train)},   {"metric", metric}};
  // Only where there is some: rows from before there was any stay valid.
  const bool finetunes =
      std::any_of(study.treatments.begin(), study.treatments.end(),
                  [](const std::string& treatment) { return treatment.ends_with("/finetune"); });
  if (finetunes) settings["finetune"] = train_json(study.finetune);
  return settings.dump();
}

Json row_json(const StudyRow& row) {
  Json json{{"data", row.data},           {"imbalance", row.imbalance},
            {"seed", row.seed},           {"method", row.method},
            {"treatment", row.treatment}, {"repair", row.repair},
            {"head", row.head},           {"sparsity", row.sparsity},
            {"seconds", row.seconds},     {"sparsity_reached", row.reached}};
  if (row.batch_norm != "keep") json["batch_norm"] = row.batch_norm;
  if (row.finetuned) json["finetuned"] = true;
  json.update(metrics_json(row.result.clean, row.classes));
  if (row.result.noisy) json["noisy"] = metrics_json(*row.result.noisy, row.classes);
  return json;
}

StudyResults::StudyResults(std::string file) : file_(std::move(file)) {
  if (file_.empty() || !std::filesystem::exists(file_)) return;
  const std::string text = read_file(file_);
  int64_t line_number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++line_number;
    if (line.empty()) continue;
    try {
      add(read_row(Json::parse(line)));
    } catch (const nlohmann::json::exception& error) {
      throw InputError(file_ + ":" + std::to_string(line_number) +
                       ": is not a row of a study's results: " + error.what());
    }
  }
}

StudyResults::Key StudyResults::key_of(const StudyRow& row) {
  return {row.data, row.imbalance, row.seed, row.method, row.treatment, row.sparsity, row.settings};
}

void StudyResults::add(StudyRow row) {
  rows_.insert_or_assign(key_of(row), std::move(row));
}

bool StudyResults::has(const StudyRow& row) const {
  return rows_.contains(key_of(row));
}

std::vector<StudyRow> StudyResults::of(const std::vector<StudyRow>& cells) const {
  std::vector<StudyRow> found;
  for (const StudyRow& cell : cells) {
    const auto row = rows_.find(key_of(cell));
    if (row != rows_.end()) found.push_back(row->second);
  }
  return found;
}

void StudyResults::save() const {
  if (file_.empty()) return;
  std::string text;
  for (const auto& [key, row] : rows_) {
    Json json = row_json(row);
    json["classes"] = row.classes.names;
    json["class_counts"] = row.classes.counts;
    json["minority"] = row.classes.minority;
    json["settings"] = Json::parse(row.settings);
    text += json.dump() + "\n";
  }
  write_file(file_, text);
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
