#include <fmt/format.h>

#include "ncprune/report/evidence_sections.h"
#include "ncprune/report/figures.h"
#include "ncprune/report/robustness_report.h"

namespace ncprune {
namespace {

// The corruptions in order, with the recall of every class averaged over severities.
HeatMap corruption_map(const Evidence& evidence, size_t network) {
  HeatMap map{class_labels(evidence.classes), {}, {}};
  map.values.resize(evidence.classes.names.size());
  const Corruptions& corruptions = evidence.robustness->corruptions;
  double count = 0;
  for (const CorruptedResult& result : corruptions.corrupted) {
    const bool fresh = map.columns.empty() || map.columns.back() != result.corruption;
    if (fresh) map.columns.push_back(result.corruption);
    count = fresh ? 1 : count + 1;
    for (size_t c = 0; c < map.values.size(); ++c) {
      const double recall = result.networks[network].recall[c];
      if (fresh) {
        map.values[c].push_back(recall);
      } else {
        map.values[c].back() += (recall - map.values[c].back()) / count;
      }
    }
  }
  return map;
}

}  // namespace

Section robustness_section(const Evidence& evidence) {
  Section section{"Under noise, corruption and attack"};
  RobustnessResult result{{}, *evidence.robustness};
  for (const ModelResult& model : evidence.results) result.names.push_back(model.name);
  const Robustness& robustness = result.robustness;
  if (!robustness.corruptions.corrupted.empty()) {
    section.paragraphs = {
        "Corruptions hit the test inputs (weight-noise: the weights) at several severities, the "
        "same for every network."};
    for (size_t i = 0; i < result.names.size() && evidence.classes.names.size() <= 40; ++i) {
      section.figures.push_back(
          heat_map(result.names[i],
                   fmt::format("Recall of every class (%) of {}, averaged over severities.",
                               result.names[i]),
                   corruption_map(evidence, i)));
    }
    section.tables = {corruption_table(result), corrupted_class_table(result, evidence.classes)};
    section.tables[0].title = "Balanced accuracy under corruption (%)";
    section.tables[1].title = "Classes over all corruptions (%)";
  }
  if (!robustness.attacks.empty()) {
    Table attacks = attack_table(result, evidence.classes);
    attacks.title = fmt::format("Attacks that move no input by more than {:.4g} (%)",
                                robustness.attacks.front().epsilon);
    section.tables.push_back(std::move(attacks));
  }
  if (!robustness.sensitivities.empty()) {
    section.tables.push_back(sensitivity_table(result));
    section.tables.back().title = "How much the output moves";
  }
  return section;
}

}  // namespace ncprune
