#include "ncprune/report/comparison_report.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace ncprune {
namespace {

const std::string& name_of(const ClassInfo& classes, int64_t c) {
  return classes.names.at(static_cast<size_t>(c));
}

std::string p_text(double p) {
  if (std::isnan(p)) return "-";
  return p < 0.001 ? "<0.001" : fmt::format("{:.3f}", p);
}

Json number(double value) {
  return std::isnan(value) ? Json() : Json(value);
}

// Of the class's samples, those that the network before classified correctly.
int64_t right_before(const ClassChange& change) {
  if (change.samples == 0) return 0;
  return std::llround(change.recall_before * static_cast<double>(change.samples));
}

}  // namespace

Table change_table(const Comparison& comparison, const ClassInfo& classes) {
  Table table{"",
              {"\nclass (samples)", "recall\nbefore", "\nafter", "\nlost", "\ngained", "p\n(Holm)",
               "calibration\nerror before", "\nafter"},
              {}};
  for (size_t c = 0; c < comparison.classes.size(); ++c) {
    const ClassChange& change = comparison.classes[c];
    table.rows.push_back(
        {class_label(classes, c), percent(change.recall_before), percent(change.recall_after),
         std::to_string(change.lost), std::to_string(change.gained), p_text(change.adjusted),
         percent(change.calibration_error_before), percent(change.calibration_error_after)});
  }
  return table;
}

Table flow_table(const Comparison& comparison, const ClassInfo& classes, int64_t most) {
  Table table{"", {"class", "was taken for", "is taken for", "samples"}, {}};
  for (const ConfusionFlow& flow : comparison.flows) {
    if (std::ssize(table.rows) == most) break;
    table.rows.push_back({name_of(classes, flow.label), name_of(classes, flow.before),
                          name_of(classes, flow.after), std::to_string(flow.samples)});
  }
  return table;
}

Json comparison_json(const Comparison& comparison, const ClassInfo& classes) {
  Json changes = Json::array();
  for (size_t c = 0; c < comparison.classes.size(); ++c) {
    const ClassChange& change = comparison.classes[c];
    changes.push_back({{"name", classes.names.at(c)},
                       {"samples", change.samples},
                       {"right_before", right_before(change)},
                       {"recall_before", number(change.recall_before)},
                       {"recall_after", number(change.recall_after)},
                       {"lost", change.lost},
                       {"gained", change.gained},
                       {"p_value", number(change.p_value)},
                       {"p_value_holm", number(change.adjusted)},
                       {"calibration_error_before", number(change.calibration_error_before)},
                       {"calibration_error_after", number(change.calibration_error_after)},
                       {"margin_before", number(change.margin_before)},
                       {"margin_after", number(change.margin_after)}});
  }
  Json flows = Json::array();
  for (const ConfusionFlow& flow : comparison.flows) {
    flows.push_back({{"class", flow.label},
                     {"before", flow.before},
                     {"after", flow.after},
                     {"samples", flow.samples}});
  }
  Json exemplars = Json::array();
  for (const Exemplar& exemplar : comparison.exemplars) {
    exemplars.push_back({{"sample", exemplar.sample},
                         {"class", exemplar.label},
                         {"before", exemplar.before},
                         {"after", exemplar.after},
                         {"confidence", exemplar.confidence}});
  }
  return {{"balanced_accuracy",
           {{"before", number(comparison.balanced_before)},
            {"after", number(comparison.balanced_after)},
            {"change", number(comparison.balanced_after - comparison.balanced_before)},
            {"low", number(comparison.balanced_change.low)},
            {"high", number(comparison.balanced_change.high)}}},
          {"intensification", number(comparison.intensification)},
          {"classes", changes},
          {"flows", flows},
          {"exemplars", exemplars}};
}

}  // namespace ncprune
