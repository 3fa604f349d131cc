#include "ncprune/study/row_fields.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

namespace ncprune {
namespace {

template <typename T>
constexpr const char* sql_type() {
  if constexpr (std::is_integral_v<T>) return "INTEGER";
  if constexpr (std::is_floating_point_v<T>) return "REAL";
  return "TEXT";
}

template <typename T>
void assign(T& value, const Json& json) {
  json.get_to(value);
}

void assign(bool& value, const Json& json) {
  value = json.is_boolean() ? json.get<bool>() : json.get<int64_t>() != 0;
}

void assign(double& value, const Json& json) {
  value = json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

template <typename T>
void assign(std::vector<T>& list, const Json& json) {
  list = (json.is_string() ? Json::parse(json.get<std::string>()) : json).get<std::vector<T>>();
}

// Adds the functions to `field`; `member` returns the field's value in a row.
template <typename Member>
RowField made_field(RowField field, Member member) {
  using Value = std::remove_cvref_t<decltype(member(std::declval<StudyRow&>()))>;
  field.sql_type = sql_type<Value>();
  field.get = [member](const StudyRow& row) { return Json(member(row)); };
  field.set = [member](StudyRow& row, const Json& value) { assign(member(row), value); };
  return field;
}

template <typename T>
RowField field(const char* name, T StudyCell::*of, FieldTable table, JsonPlace json = {}) {
  return made_field(
      {name, {}, true, table, json, {}, {}}, [of](auto& row) -> auto& { return row.cell.*of; });
}

template <typename T>
RowField field(const char* name, T StudyOutcome::*of, FieldTable table, JsonPlace json = {}) {
  return made_field(
      {name, {}, false, table, json, {}, {}}, [of](auto& row) -> auto& { return row.outcome.*of; });
}

template <typename T>
RowField field(const char* name, T ClassInfo::*of, FieldTable table, JsonPlace json = {}) {
  return made_field(
      {name, {}, false, table, json, {}, {}}, [of](auto& row) -> auto& {
        return row.outcome.classes.*of;
      });
}

template <typename T>
RowField field(const char* name, T ModelResult::*of, FieldTable table, JsonPlace json = {}) {
  return made_field(
      {name, {}, false, table, json, {}, {}}, [of](auto& row) -> auto& {
        return row.outcome.result.*of;
      });
}

RowField field(const char* name, std::vector<double> ResampledScores::*of, FieldTable table) {
  return made_field(
      {name, {}, false, table, {}, {}, {}}, [of](auto& row) -> auto& {
        return row.outcome.result.resampled.*of;
      });
}

JsonPlace unless_default(int place) {
  return {place, true};
}

const ClassMetrics* pointer_to(const std::optional<ClassMetrics>& metrics) {
  return metrics ? &*metrics : nullptr;
}

}  // namespace

const std::vector<RowField>& row_fields() {
  using enum FieldTable;
  static const std::vector<RowField> table{
      field("data", &StudyCell::data, kProblemKey, {1}),
      field("imbalance", &StudyCell::imbalance, kProblemKey, {2}),
      field("seed", &StudyCell::seed, kProblemKey, {3}),
      field("classes", &ClassInfo::names, kProblem),
      field("class_counts", &ClassInfo::counts, kProblem),
      field("minority", &ClassInfo::minority, kProblem),
      field("tested", &StudyOutcome::tested, kProblem),
      field("settings", &StudyCell::settings, kSettings),
      field("method", &StudyCell::method, kCellKey, {4}),
      field("treatment", &StudyCell::treatment, kCellKey, {5}),
      field("sparsity", &StudyCell::sparsity, kCellKey, {8}),
      field("repair", &StudyCell::repair, kCell, {6}),
      field("head", &StudyCell::head, kCell, {7}),
      field("finish", &StudyCell::finish, kCell, unless_default(14)),
      field("finetuned", &StudyCell::finetuned, kCell, unless_default(15)),
      field("sparsity_reached", &StudyOutcome::reached, kCell, {10}),
      field("seconds", &StudyOutcome::seconds, kCell, {9}),
      field("parameters", &StudyOutcome::parameters, kCell, {11}),
      field("nonzero", &StudyOutcome::nonzero, kCell, {12}),
      field("macs", &StudyOutcome::macs, kCell, {13}),
      field("shift", &ModelResult::shift, kCell, {16}),
      field("network_sha256", &StudyOutcome::network, kCell),
      field("resampled_minority_auroc", &ResampledScores::minority_auroc, kCell),
      field("resampled_common_balanced", &ResampledScores::common_balanced, kCell),
      field("resampled_common_minority", &ResampledScores::common_minority, kCell)};
  return table;
}

const std::vector<RowField>& json_fields() {
  static const std::vector<RowField> table = [] {
    std::vector<RowField> fields = row_fields();
    std::erase_if(fields, [](const RowField& field) { return field.json.place == 0; });
    std::sort(fields.begin(), fields.end(),
              [](const RowField& a, const RowField& b) { return a.json.place < b.json.place; });
    return fields;
  }();
  return table;
}

const std::vector<RowPart>& row_parts() {
  static const std::vector<RowPart> table{
      {"test", "", [](const StudyOutcome& o) { return &o.result.clean; },
       [](StudyOutcome& o) -> ClassMetrics& { return o.result.clean; }, &StudyOutcome::right},
      {"noisy test", "noisy", [](const StudyOutcome& o) { return pointer_to(o.result.noisy); },
       [](StudyOutcome& o) -> ClassMetrics& { return o.result.noisy.emplace(); },
       &StudyOutcome::noisy_right},
      {"common", "common", [](const StudyOutcome& o) { return pointer_to(o.result.common); },
       [](StudyOutcome& o) -> ClassMetrics& { return o.result.common.emplace(); }, nullptr},
      {"validation", "validation", [](const StudyOutcome& o) { return pointer_to(o.validation); },
       [](StudyOutcome& o) -> ClassMetrics& { return o.validation.emplace(); }, nullptr}};
  return table;
}

const std::vector<ClassField>& class_fields() {
  static const std::vector<ClassField> table{
      {"recall", &ClassMetrics::recall},
      {"auroc", &ClassMetrics::auroc},
      {"average_precision", &ClassMetrics::average_precision}};
  return table;
}

const std::vector<AverageField>& average_fields() {
  static const std::vector<AverageField> table{
      {"balanced_accuracy", &ClassMetrics::balanced_accuracy},
      {"minority_recall", nullptr},
      {"overall_accuracy", &ClassMetrics::overall_accuracy},
      {"worst_recall", &ClassMetrics::worst_recall},
      {"macro_f1", &ClassMetrics::macro_f1},
      {"g_mean", &ClassMetrics::g_mean}};
  return table;
}

}  // namespace ncprune
