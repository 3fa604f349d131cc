#include "ncprune/report/promise_report.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace ncprune {
namespace {

std::string kept_cell(ClassOutcome outcome) {
  switch (outcome) {
    case ClassOutcome::kKept:
      return "yes";
    case ClassOutcome::kBroken:
      return "no";
    case ClassOutcome::kUnsure:
      return "unsure";
    default:
      return "too few";
  }
}

}  // namespace

std::string outcome_name(ClassOutcome outcome) {
  switch (outcome) {
    case ClassOutcome::kKept:
      return "kept";
    case ClassOutcome::kBroken:
      return "broken";
    case ClassOutcome::kUnsure:
      return "unsure";
    default:
      return "too-few-samples";
  }
}

Table promise_table(const Verdict& verdict, const ClassInfo& classes) {
  Table table{"",
              {classes.counts.empty() ? "\nclass" : "\nclass (samples)", "held-out\nsamples",
               "\nneeded", "recall\nbefore", "\nafter", "falls by\nat most", "at\nleast", "\nkept"},
              {}};
  for (size_t c = 0; c < verdict.classes.size(); ++c) {
    const ClassVerdict& own = verdict.classes[c];
    table.rows.push_back({class_label(classes, c), std::to_string(own.samples),
                          std::to_string(own.needed), percent(own.recall_before),
                          percent(own.recall_after), percent(own.most_drop),
                          percent(own.least_recall), kept_cell(own.outcome)});
  }
  return table;
}

std::vector<std::string> too_few_samples(const Verdict& verdict, const ClassInfo& classes) {
  std::vector<std::string> names;
  for (size_t c = 0; c < verdict.classes.size(); ++c) {
    if (verdict.classes[c].samples < verdict.classes[c].needed) {
      names.push_back(classes.names.at(c));
    }
  }
  return names;
}

Json verdict_json(const Verdict& verdict) {
  const auto number = [](double value) { return std::isnan(value) ? Json() : Json(value); };
  Json classes = Json::array();
  for (const ClassVerdict& own : verdict.classes) {
    classes.push_back({{"samples", own.samples},
                       {"samples_before", own.count_before.samples},
                       {"right_before", own.count_before.right},
                       {"right_after", own.count_after.right},
                       {"needed", own.needed},
                       {"recall_before", number(own.recall_before)},
                       {"recall_after", number(own.recall_after)},
                       {"most_drop", number(own.most_drop)},
                       {"least_recall", number(own.least_recall)},
                       {"outcome", outcome_name(own.outcome)},
                       {"kept", own.kept()}});
  }
  return {{"kept", verdict.kept}, {"classes", classes}};
}

}  // namespace ncprune
