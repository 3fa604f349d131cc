#include "ncprune/study/row.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/base/lookup.h"
#include "ncprune/prune/recipe.h"
#include "ncprune/prune/removal.h"
#include "ncprune/report/class_report.h"
#include "ncprune/study/packed.h"
#include "ncprune/study/row_fields.h"

namespace ncprune {
namespace {

Json pack_fields(const StudyRow& row, bool only_asked) {
  Json json = Json::object();
  for (const RowField& field : row_fields()) {
    if (field.asked || !only_asked) json[field.name] = field.get(row);
  }
  return json;
}

void unpack_fields(const Json& json, StudyRow& row, bool only_asked) {
  for (const RowField& field : row_fields()) {
    if (field.asked || !only_asked) field.set(row, json.at(field.name));
  }
}

Json pack_metrics(const ClassMetrics& metrics) {
  Json json;
  for (const auto& [name, member] : class_fields()) json[name] = metrics.*member;
  for (const auto& [name, member] : average_fields()) {
    if (member != nullptr) json[name] = metrics.*member;
  }
  return json;
}

void unpack_metrics(const Json& json, ClassMetrics& metrics) {
  for (const auto& [name, member] : class_fields()) {
    json.at(name).get_to(metrics.*member);
  }
  for (const auto& [name, member] : average_fields()) {
    if (member != nullptr) json.at(name).get_to(metrics.*member);
  }
}

// The result of `unpack` for `bytes`, which should be a packed `what`.
template <typename Unpack>
auto unpacked(const std::string& bytes, const char* what, const Unpack& unpack) {
  try {
    return unpack(Json::from_cbor(bytes));
  } catch (const nlohmann::json::exception& error) {
    throw InputError(fmt::format("these bytes are not a study's {}: {}", what, error.what()));
  }
}

// Settings of studies older than this choice do not name it; those studies removed weights.
const Removal& removal_of(const std::string& settings) {
  return find_named(removals(), setting(settings, "remove", Recipe{}.remove), "removal");
}

}  // namespace

std::string setting(const std::string& settings, const std::string& key,
                    const std::string& otherwise) {
  const Json all = Json::parse(settings);
  const auto found = all.find(key);
  return found != all.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

std::string removed_parts(const std::string& settings) {
  return removal_of(settings).title;
}

bool removes_weights(const std::string& settings) {
  return removal_of(settings).units_to_keep == nullptr;
}

std::string removal_text(const std::string& settings, double sparsity) {
  const std::string pattern = setting(settings, "pattern", "");
  return fmt::format(
      "{:g} % {}removed{}", 100 * sparsity,
      removes_weights(settings) ? "" : fmt::format("of the {} ", removed_parts(settings)),
      pattern.empty() ? "" : " as " + pattern);
}

double balanced_accuracy(const StudyRow& row) {
  return row.outcome.result.clean.balanced_accuracy;
}

double minority_recall(const StudyRow& row) {
  return mean_recall(row.outcome.result.clean, row.outcome.classes.minority);
}

double common_balanced_accuracy(const StudyRow& row) {
  const auto& common = row.outcome.result.common;
  return common ? common->balanced_accuracy : kNoValue;
}

double common_minority_recall(const StudyRow& row) {
  const auto& common = row.outcome.result.common;
  return common ? mean_recall(*common, row.outcome.classes.minority) : kNoValue;
}

double mean_auroc(const ClassMetrics& metrics, const std::vector<int64_t>& classes) {
  std::vector<double> values;
  for (const int64_t c : classes) {
    if (!metrics.auroc.empty()) values.push_back(metrics.auroc[static_cast<size_t>(c)]);
  }
  return mean_present(values);
}

Json row_json(const StudyRow& row) {
  const StudyRow empty;
  Json json;
  for (const RowField& field : json_fields()) {
    Json value = field.get(row);
    if (field.json.unless_default && value == field.get(empty)) continue;
    json[field.name] = std::move(value);
  }
  for (const RowPart& part : row_parts()) {
    const ClassMetrics* metrics = part.get(row.outcome);
    if (metrics == nullptr) continue;
    Json numbers = metrics_json(*metrics, row.outcome.classes);
    if (part.json.empty()) {
      json.update(numbers);
    } else {
      json[part.json] = std::move(numbers);
    }
  }
  return json;
}

Json rows_json(const std::vector<StudyRow>& rows) {
  Json list = Json::array();
  for (const StudyRow& row : rows) list.push_back(row_json(row));
  Json json;
  if (!rows.empty()) {
    const ClassInfo& classes = rows.front().outcome.classes;
    json["classes"] = classes.names;
    json["minority"] = classes.minority;
  }
  json["rows"] = std::move(list);
  return json;
}

void require_consistent(const StudyRow& row, const std::string& where) {
  const StudyCell& cell = row.cell;
  const StudyOutcome& outcome = row.outcome;
  const auto require = [&](bool yes, const char* what) {
    if (yes) return;
    throw InputError(fmt::format("{}: the row of {}, {}, seed {}, {}: {}", where, cell.data,
                                 cell.imbalance, cell.seed, cell.method, what));
  };
  const size_t k = outcome.classes.names.size();
  for (const RowPart& part : row_parts()) {
    const ClassMetrics* metrics = part.get(outcome);
    if (metrics == nullptr) continue;
    for (const auto& [name, member] : class_fields()) {
      const size_t values = (metrics->*member).size();
      require(values == k || (values == 0 && member != &ClassMetrics::recall),
              "does not have one value per class");
    }
  }
  require(outcome.classes.counts.empty() || outcome.classes.counts.size() == k,
          "does not have one sample count per class");
  for (const int64_t c : outcome.classes.minority) {
    require(c >= 0 && c < static_cast<int64_t>(k),
            "has a rare class that is not among the classes");
  }
  constexpr int64_t kMaxSamples = int64_t{1} << 32;
  require(outcome.tested.empty() || outcome.tested.size() == k,
          "does not have one test sample count per class");
  for (const int64_t n : outcome.tested) {
    require(n >= 0 && n <= kMaxSamples, "has an impossible number of test samples");
  }
}

std::string pack_cell(const StudyCell& cell) {
  return packed_json(pack_fields({cell, {}}, /*only_asked=*/true));
}

StudyCell unpack_cell(const std::string& bytes) {
  return unpacked(bytes, "cell", [](const Json& json) {
    StudyRow row;
    unpack_fields(json, row, /*only_asked=*/true);
    return row.cell;
  });
}

std::string pack_row(const StudyRow& row) {
  Json json = pack_fields(row, /*only_asked=*/false);
  for (const RowPart& part : row_parts()) {
    const ClassMetrics* metrics = part.get(row.outcome);
    if (metrics == nullptr) continue;
    Json& one = json[part.name] = pack_metrics(*metrics);
    if (part.right != nullptr) one["right"] = bytes_json(row.outcome.*part.right);
  }
  return packed_json(json);
}

StudyRow unpack_row(const std::string& bytes) {
  return unpacked(bytes, "row", [](const Json& json) {
    StudyRow row;
    unpack_fields(json, row, /*only_asked=*/false);
    row.outcome.result.name = row.cell.method;
    for (const RowPart& part : row_parts()) {
      const auto found = json.find(part.name);
      if (found == json.end()) continue;
      unpack_metrics(*found, part.add(row.outcome));
      if (part.right != nullptr) row.outcome.*part.right = json_bytes(found->at("right"));
    }
    require_consistent(row, "a row from another process");
    return row;
  });
}

}  // namespace ncprune
