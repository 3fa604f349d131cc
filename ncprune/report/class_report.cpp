#include "ncprune/report/class_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "ncprune/base/no_value.h"
#include "ncprune/evaluate/bootstrap.h"

namespace ncprune {
namespace {

using Value = std::function<double(const ClassMetrics&)>;

struct AverageLine {
  std::string name;
  std::string key;         // in JSON
  std::string short_name;  // in the table's further parts; empty: not shown
  Value value;
  // The draws of its value at the common operating point, where rows have them.
  std::vector<double> ResampledScores::*draws = nullptr;
};

// The averages, in the order of the table and the JSON.
std::vector<AverageLine> average_lines(const ClassInfo& classes) {
  const auto over = [](std::vector<int64_t> group) {
    return [group = std::move(group)](const ClassMetrics& m) { return mean_recall(m, group); };
  };
  std::vector<AverageLine> lines{
      {"balanced accuracy", "balanced_accuracy", "balanced",
       [](const auto& m) { return m.balanced_accuracy; }, &ResampledScores::common_balanced},
      {"minority recall *", "minority_recall", "minority *", over(classes.minority),
       &ResampledScores::common_minority},
      {"worst recall", "worst_recall", "worst", [](const auto& m) { return m.worst_recall; }},
      {"overall accuracy", "overall_accuracy", "",
       [](const auto& m) { return m.overall_accuracy; }},
      {"macro-F1", "macro_f1", "", [](const auto& m) { return m.macro_f1; }},
      {"G-mean", "g_mean", "", [](const auto& m) { return m.g_mean; }},
      {"AUROC", "mean_auroc", "", [](const auto& m) { return mean_present(m.auroc); }},
      {"average precision", "mean_average_precision", "",
       [](const auto& m) { return mean_present(m.average_precision); }},
  };
  const ClassGroups groups = class_groups(classes.counts);
  if (!groups.head.empty()) {
    lines.push_back({"head recall", "head_recall", "", over(groups.head)});
    if (!groups.medium.empty())
      lines.push_back({"medium recall", "medium_recall", "", over(groups.medium)});
    lines.push_back({"tail recall", "tail_recall", "", over(groups.tail)});
  }
  return lines;
}

// A row of `value` in percent for every model, unless no model has it.
void add_if_known(Table& table, const std::string& name, const std::vector<ModelResult>& models,
                  const std::function<double(const ModelResult&)>& value) {
  std::vector<std::string> cells{name};
  bool known = false;
  for (const ModelResult& m : models) {
    known = known || !std::isnan(value(m));
    cells.push_back(percent(value(m)));
  }
  if (known) table.rows.push_back(std::move(cells));
}

// The short lines of a part of the models' results, after an empty line, if any has that part.
void add_part(Table& table, const std::string& name, const std::vector<AverageLine>& lines,
              const std::vector<ModelResult>& models,
              std::optional<ClassMetrics> ModelResult::*part) {
  const auto has_part = [&](const ModelResult& m) { return (m.*part).has_value(); };
  if (std::none_of(models.begin(), models.end(), has_part)) return;
  table.rows.emplace_back();
  for (const AverageLine& line : lines) {
    if (line.short_name.empty()) continue;
    add_if_known(table, name + " " + line.short_name, models, [&](const ModelResult& m) {
      return has_part(m) ? line.value(*(m.*part)) : kNoValue;
    });
    if (part != &ModelResult::common || line.draws == nullptr) continue;
    add_if_known(table, "  95 %: ±", models,
                 [&](const ModelResult& m) { return margin(m.resampled.*line.draws); });
  }
}

bool is_minority(const ClassInfo& classes, size_t c) {
  return std::find(classes.minority.begin(), classes.minority.end(), static_cast<int64_t>(c)) !=
         classes.minority.end();
}

void add_row(Table& table, std::string name, const std::vector<ModelResult>& models,
             const Value& value) {
  std::vector<std::string> cells{std::move(name)};
  for (const ModelResult& model : models) cells.push_back(percent(value(model.clean)));
  table.rows.push_back(std::move(cells));
}

}  // namespace

std::string class_label(const ClassInfo& classes, size_t c) {
  std::string label = classes.names.at(c);
  if (!classes.counts.empty()) label += fmt::format(" ({})", classes.counts.at(c));
  return is_minority(classes, c) ? label + " *" : label;
}

std::vector<std::string> class_labels(const ClassInfo& classes) {
  std::vector<std::string> labels;
  for (size_t c = 0; c < classes.names.size(); ++c) labels.push_back(class_label(classes, c));
  return labels;
}

Table class_table(const std::string& title, const ClassInfo& classes,
                  const std::vector<ModelResult>& models) {
  const bool counts = !classes.counts.empty();
  Table table{title, {counts ? "class (samples)" : "class"}, {}};
  for (const ModelResult& model : models) table.header.push_back(model.name);
  for (size_t c = 0; c < classes.names.size(); ++c) {
    add_row(table, class_label(classes, c), models,
            [c](const ClassMetrics& m) { return m.recall[c]; });
  }
  table.rows.emplace_back();
  const std::vector<AverageLine> lines = average_lines(classes);
  for (const AverageLine& line : lines) {
    add_if_known(table, line.name, models,
                 [&](const ModelResult& m) { return line.value(m.clean); });
  }
  add_part(table, "common", lines, models, &ModelResult::common);
  add_part(table, "noisy", lines, models, &ModelResult::noisy);
  return table;
}

std::string common_note(const std::vector<ModelResult>& models) {
  const bool any = std::any_of(models.begin(), models.end(),
                               [](const ModelResult& m) { return m.common.has_value(); });
  if (!any) return "";
  std::string reference = models.front().name;
  std::replace(reference.begin(), reference.end(), '\n', ' ');
  const bool drawn = std::any_of(models.begin(), models.end(), [](const ModelResult& m) {
    return !m.resampled.common_balanced.empty();
  });
  return fmt::format(
      "common: decisions moved, by validation data, until the classes are predicted\n"
      "as often as by {}{}",
      reference,
      drawn ? "; ±: by how much the choice of validation and test samples\n"
              "moves the line above, in 95 % of draws"
            : "");
}

Table precision_table(const std::string& title, const ClassInfo& classes,
                      const std::vector<ModelResult>& models) {
  Table table{title, {"class"}, {}};
  for (const ModelResult& model : models) table.header.push_back(model.name);
  for (size_t c = 0; c < classes.names.size(); ++c) {
    add_row(table, class_label({classes.names, {}, classes.minority}, c), models,
            [c](const ClassMetrics& m) { return m.average_precision[c]; });
  }
  return table;
}

Json metrics_json(const ClassMetrics& metrics, const ClassInfo& classes) {
  Json json;
  for (const AverageLine& line : average_lines(classes)) json[line.key] = line.value(metrics);
  json["recall"] = metrics.recall;
  json["auroc"] = metrics.auroc;
  json["average_precision"] = metrics.average_precision;
  return json;
}

Json common_json(const ModelResult& result, const ClassInfo& classes) {
  Json json = metrics_json(*result.common, classes);
  json["shift"] = result.shift;
  json["balanced_margin"] = margin(result.resampled.common_balanced);
  json["minority_margin"] = margin(result.resampled.common_minority);
  return json;
}

}  // namespace ncprune
