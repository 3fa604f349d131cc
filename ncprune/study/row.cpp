#include "ncprune/study/row.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

Json pack_metrics(const ClassMetrics& metrics) {
  return {{"recall", metrics.recall},
          {"balanced_accuracy", metrics.balanced_accuracy},
          {"overall_accuracy", metrics.overall_accuracy},
          {"worst_recall", metrics.worst_recall},
          {"macro_f1", metrics.macro_f1},
          {"g_mean", metrics.g_mean}};
}

ClassMetrics unpack_metrics(const Json& json) {
  ClassMetrics metrics;
  for (const Json& recall : json.at("recall")) {
    metrics.recall.push_back(recall.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                              : recall.get<double>());
  }
  json.at("balanced_accuracy").get_to(metrics.balanced_accuracy);
  json.at("overall_accuracy").get_to(metrics.overall_accuracy);
  json.at("worst_recall").get_to(metrics.worst_recall);
  json.at("macro_f1").get_to(metrics.macro_f1);
  json.at("g_mean").get_to(metrics.g_mean);
  return metrics;
}

Json bytes(const std::string& text) {
  return Json::binary({text.begin(), text.end()});
}

std::string text(const Json& json) {
  const auto& binary = json.get_binary();
  return {binary.begin(), binary.end()};
}

// What the cell is.
Json cell_json(const StudyRow& row) {
  return {{"data", row.data},     {"imbalance", row.imbalance}, {"seed", row.seed},
          {"method", row.method}, {"treatment", row.treatment}, {"repair", row.repair},
          {"head", row.head},     {"sparsity", row.sparsity}};
}

}  // namespace

std::string setting(const std::string& settings, const std::string& key,
                    const std::string& otherwise) {
  const Json all = Json::parse(settings);
  const auto found = all.find(key);
  return found != all.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

std::string removed_parts(const std::string& settings) {
  const std::string parts = setting(settings, "remove", "weights");
  return parts == "macs" ? "multiply-adds" : parts;
}

std::string removal_text(const std::string& settings, double sparsity) {
  const std::string parts = removed_parts(settings);
  return fmt::format("{:g} % {}removed", 100 * sparsity,
                     parts == "weights" ? "" : fmt::format("of the {} ", parts));
}

Json row_json(const StudyRow& row) {
  Json json = cell_json(row);
  json["seconds"] = row.seconds;
  json["sparsity_reached"] = row.reached;
  json["parameters"] = row.parameters;
  json["nonzero"] = row.nonzero;
  json["macs"] = row.macs;
  if (row.batch_norm != "keep") json["batch_norm"] = row.batch_norm;
  if (row.finetuned) json["finetuned"] = true;
  json.update(metrics_json(row.result.clean, row.classes));
  if (row.result.noisy) json["noisy"] = metrics_json(*row.result.noisy, row.classes);
  if (row.validation) json["validation"] = metrics_json(*row.validation, row.classes);
  return json;
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

void require_consistent(const StudyRow& row, const std::string& where) {
  const auto require = [&](bool yes, const char* what) {
    if (yes) return;
    throw InputError(fmt::format("{}: the row of {}, {}, seed {}, {}: {}", where, row.data,
                                 row.imbalance, row.seed, row.method, what));
  };
  const size_t k = row.classes.names.size();
  const auto fits = [&](const std::optional<ClassMetrics>& metrics) {
    return !metrics || metrics->recall.size() == k;
  };
  require(fits(row.result.clean) && fits(row.result.noisy) && fits(row.validation),
          "has not one recall for every class");
  require(row.classes.counts.empty() || row.classes.counts.size() == k,
          "has not one sample count for every class");
  for (const int64_t c : row.classes.minority) {
    require(c >= 0 && c < static_cast<int64_t>(k), "has a rare class that is none of the classes");
  }
  constexpr int64_t kMostSamples = int64_t{1} << 32;
  require(row.tested.empty() || row.tested.size() == k,
          "has not one test sample count for every class");
  for (const int64_t n : row.tested) {
    require(n >= 0 && n <= kMostSamples, "has an impossible number of test samples");
  }
}

std::string pack_row(const StudyRow& row) {
  Json json = cell_json(row);
  json.update({{"batch_norm", row.batch_norm},
               {"finetuned", row.finetuned},
               {"settings", row.settings},
               {"reached", row.reached},
               {"seconds", row.seconds},
               {"parameters", row.parameters},
               {"nonzero", row.nonzero},
               {"macs", row.macs},
               {"network", row.network},
               {"clean", pack_metrics(row.result.clean)},
               {"right", bytes(row.right)},
               {"noisy_right", bytes(row.noisy_right)},
               {"tested", row.tested},
               {"classes", row.classes.names},
               {"class_counts", row.classes.counts},
               {"minority", row.classes.minority}});
  if (row.result.noisy) json["noisy"] = pack_metrics(*row.result.noisy);
  if (row.validation) json["validation"] = pack_metrics(*row.validation);
  const std::vector<uint8_t> packed = Json::to_cbor(json);
  return {packed.begin(), packed.end()};
}

StudyRow unpack_row(const std::string& packed) {
  try {
    const Json json = Json::from_cbor(packed);
    StudyRow row;
    json.at("data").get_to(row.data);
    json.at("imbalance").get_to(row.imbalance);
    json.at("seed").get_to(row.seed);
    json.at("method").get_to(row.method);
    json.at("treatment").get_to(row.treatment);
    json.at("repair").get_to(row.repair);
    json.at("head").get_to(row.head);
    json.at("batch_norm").get_to(row.batch_norm);
    json.at("finetuned").get_to(row.finetuned);
    json.at("sparsity").get_to(row.sparsity);
    json.at("settings").get_to(row.settings);
    json.at("reached").get_to(row.reached);
    json.at("seconds").get_to(row.seconds);
    json.at("parameters").get_to(row.parameters);
    json.at("nonzero").get_to(row.nonzero);
    json.at("macs").get_to(row.macs);
    json.at("network").get_to(row.network);
    row.result = {row.method, unpack_metrics(json.at("clean")), {}};
    row.right = text(json.at("right"));
    row.noisy_right = text(json.at("noisy_right"));
    json.at("tested").get_to(row.tested);
    json.at("classes").get_to(row.classes.names);
    json.at("class_counts").get_to(row.classes.counts);
    json.at("minority").get_to(row.classes.minority);
    if (json.contains("noisy")) row.result.noisy = unpack_metrics(json.at("noisy"));
    if (json.contains("validation")) row.validation = unpack_metrics(json.at("validation"));
    require_consistent(row, "a row from another process");
    return row;
  } catch (const nlohmann::json::exception& error) {
    throw InputError(std::string("these bytes are not a study's row: ") + error.what());
  }
}

}  // namespace ncprune
