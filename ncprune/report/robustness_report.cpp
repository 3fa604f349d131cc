#include "ncprune/report/robustness_report.h"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>

namespace ncprune {
namespace {

// The corruptions in order, each with its results by severity.
std::vector<std::vector<const CorruptedResult*>> by_corruption(const Corruptions& corruptions) {
  std::vector<std::vector<const CorruptedResult*>> groups;
  for (const CorruptedResult& r : corruptions.corrupted) {
    if (groups.empty() || groups.back().front()->corruption != r.corruption) {
      groups.emplace_back();
    }
    groups.back().push_back(&r);
  }
  return groups;
}

double mean_balanced(const std::vector<const CorruptedResult*>& results, size_t network) {
  double sum = 0;
  for (const CorruptedResult* r : results) sum += r->networks[network].balanced_accuracy;
  return sum / static_cast<double>(results.size());
}

// A table row: `name`, then its value for every network.
std::vector<std::string> row(const std::string& name, size_t networks,
                             const std::function<std::string(size_t)>& cell) {
  std::vector<std::string> cells{name};
  for (size_t i = 0; i < networks; ++i) cells.push_back(cell(i));
  return cells;
}

Table severity_table(const RobustnessResult& result) {
  Table table{"", {"balanced accuracy at severity"}, {}};
  const auto groups = by_corruption(result.robustness.corruptions);
  for (const CorruptedResult* r : groups.front()) {
    table.header.push_back(std::to_string(r->severity));
  }
  table.header.emplace_back("mean");
  for (const auto& group : groups) {
    std::vector<std::string> cells{group.front()->corruption};
    for (const CorruptedResult* r : group) {
      cells.push_back(percent(r->networks.front().balanced_accuracy));
    }
    cells.push_back(percent(mean_balanced(group, 0)));
    table.rows.push_back(std::move(cells));
  }
  table.rows.emplace_back();
  const auto last = [&](const std::string& name, double value) {
    std::vector<std::string> cells(table.header.size());
    cells.front() = name;
    cells.back() = percent(value);
    table.rows.push_back(std::move(cells));
  };
  last("clean", result.robustness.corruptions.clean.front().balanced_accuracy);
  last("all corruptions", summarize(result.robustness.corruptions).front().balanced_accuracy);
  return table;
}

Json metrics_list(const std::vector<ClassMetrics>& networks, const ClassInfo& classes) {
  Json list = Json::array();
  for (const ClassMetrics& metrics : networks) list.push_back(metrics_json(metrics, classes));
  return list;
}

}  // namespace

Table corruption_table(const RobustnessResult& result) {
  const size_t networks = result.names.size();
  if (networks == 1) return severity_table(result);
  Table table{"", {"balanced accuracy, mean over severities"}, {}};
  table.header.insert(table.header.end(), result.names.begin(), result.names.end());
  for (const auto& group : by_corruption(result.robustness.corruptions)) {
    table.rows.push_back(row(group.front()->corruption, networks,
                             [&](size_t i) { return percent(mean_balanced(group, i)); }));
  }
  const std::vector<CorruptionSummary> all = summarize(result.robustness.corruptions);
  table.rows.emplace_back();
  table.rows.push_back(row("clean", networks, [&](size_t i) {
    return percent(result.robustness.corruptions.clean[i].balanced_accuracy);
  }));
  table.rows.push_back(row("all corruptions", networks,
                           [&](size_t i) { return percent(all[i].balanced_accuracy); }));
  table.rows.push_back(row("mean corruption error, of the first's", networks,
                           [&](size_t i) { return percent(all[i].mean_corruption_error); }));
  table.rows.push_back(row("error beyond clean, of the first's", networks,
                           [&](size_t i) { return percent(all[i].relative_error); }));
  return table;
}

Table corrupted_class_table(const RobustnessResult& result, const ClassInfo& classes) {
  Table table{"", {"recall, class (samples)"}, {}};
  for (const std::string& name : result.names) {
    table.header.push_back(name + "\nclean");
    table.header.emplace_back("\ncorrupted");
  }
  const std::vector<CorruptionSummary> all = summarize(result.robustness.corruptions);
  for (size_t c = 0; c < classes.names.size(); ++c) {
    std::vector<std::string> cells{class_label(classes, c)};
    for (size_t i = 0; i < result.names.size(); ++i) {
      cells.push_back(percent(result.robustness.corruptions.clean[i].recall[c]));
      cells.push_back(percent(all[i].recall[c]));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Table sensitivity_table(const RobustnessResult& result) {
  Table table{"", {"sensitivity, mean over classes"}, {}};
  table.header.insert(table.header.end(), result.names.begin(), result.names.end());
  for (size_t m = 0; m < result.robustness.sensitivities.front().size(); ++m) {
    const Sensitivity& first = result.robustness.sensitivities.front()[m];
    table.rows.push_back(
        row(fmt::format("{}: {}", first.name, first.summary), result.names.size(), [&](size_t i) {
          return fmt::format("{:.3g}", result.robustness.sensitivities[i][m].mean);
        }));
  }
  return table;
}

Table attack_table(const RobustnessResult& result, const ClassInfo& classes) {
  Table table{"", {"recall, class (samples)"}, {}};
  std::vector<const ClassMetrics*> columns;
  for (const AttackResult& attack : result.robustness.attacks) {
    for (size_t i = 0; i < result.names.size(); ++i) {
      table.header.push_back((i == 0 ? attack.name : "") + "\n" + result.names[i]);
      columns.push_back(&attack.networks[i]);
    }
  }
  const auto add = [&](const std::string& name, const auto& value) {
    table.rows.push_back(
        row(name, columns.size(), [&](size_t i) { return percent(value(*columns[i])); }));
  };
  for (size_t c = 0; c < classes.names.size(); ++c) {
    add(class_label(classes, c), [c](const ClassMetrics& m) { return m.recall[c]; });
  }
  table.rows.emplace_back();
  add("balanced accuracy", [](const ClassMetrics& m) { return m.balanced_accuracy; });
  if (!classes.minority.empty()) {
    add("minority recall *",
        [&](const ClassMetrics& m) { return mean_recall(m, classes.minority); });
  }
  return table;
}

Json robustness_json(const RobustnessResult& result, const ClassInfo& classes) {
  Json json{{"networks", result.names}, {"classes", classes.names}};
  if (!result.robustness.corruptions.corrupted.empty()) {
    json["clean"] = metrics_list(result.robustness.corruptions.clean, classes);
    for (const CorruptedResult& r : result.robustness.corruptions.corrupted) {
      json["corruptions"].push_back({{"corruption", r.corruption},
                                     {"severity", r.severity},
                                     {"networks", metrics_list(r.networks, classes)}});
    }
    for (const CorruptionSummary& s : summarize(result.robustness.corruptions)) {
      json["all_corruptions"].push_back(
          {{"recall", s.recall},
           {"balanced_accuracy", s.balanced_accuracy},
           {"overall_accuracy", s.overall_accuracy},
           {"mean_corruption_error", s.mean_corruption_error},
           {"relative_error", s.relative_error},
           {"overall_mean_corruption_error", s.overall_mean_corruption_error},
           {"overall_relative_error", s.overall_relative_error}});
    }
  }
  for (const std::vector<Sensitivity>& measures : result.robustness.sensitivities) {
    Json one;
    for (const Sensitivity& s : measures) {
      one[s.name] = {{"mean", s.mean}, {"classes", s.classes}};
    }
    json["sensitivity"].push_back(std::move(one));
  }
  for (const AttackResult& attack : result.robustness.attacks) {
    json["attacks"].push_back({{"attack", attack.name},
                               {"epsilon", attack.epsilon},
                               {"networks", metrics_list(attack.networks, classes)}});
  }
  return json;
}

}  // namespace ncprune
