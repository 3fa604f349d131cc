#include "ncprune/report/evidence_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "ncprune/report/class_report.h"
#include "ncprune/report/comparison_report.h"
#include "ncprune/report/evidence_sections.h"
#include "ncprune/report/figures.h"

namespace ncprune {
namespace {

constexpr size_t kMaxClasses = 25;  // that a heat map of pairs of classes can show

Section class_section(const Evidence& evidence, const std::vector<Figure>& curves) {
  Section section{"What happened to every class"};
  section.paragraphs = {"The share of each class's test samples that is recognised (recall)."};
  if (!evidence.classes.minority.empty()) {
    section.paragraphs.front() += " A star marks the classes that are rare in the training data.";
  }
  std::vector<Series> series;
  for (const ModelResult& result : evidence.results) {
    series.push_back({result.name, result.clean.recall});
  }
  section.figures = {dot_plot("Recall of every class",
                              "A mark for every network; the bar spans what lies between them.",
                              class_labels(evidence.classes), series)};
  section.figures.insert(section.figures.end(), curves.begin(), curves.end());
  if (std::string note = common_note(evidence.results); !note.empty()) {
    std::replace(note.begin(), note.end(), '\n', ' ');
    section.paragraphs.push_back(
        note + ". A network that only predicts the rare classes more often gains nothing there.");
  }
  section.tables = {class_table("Recall per class (%)", evidence.classes, evidence.results)};
  return section;
}

// The change for every pair of classes: the number of samples of the row's class that are
// classified as the column's class now, minus the number before.
Figure confusion_change(const Evidence& evidence, size_t pruned) {
  const size_t k = evidence.classes.names.size();
  HeatMap map{evidence.classes.names, evidence.classes.names, {}, true};
  const std::vector<int64_t>& before = evidence.results.front().clean.confusion;
  const std::vector<int64_t>& after = evidence.results[pruned].clean.confusion;
  for (size_t r = 0; r < k; ++r) {
    std::vector<double> row;
    for (size_t c = 0; c < k; ++c) {
      row.push_back(static_cast<double>(after[r * k + c] - before[r * k + c]));
    }
    map.values.push_back(std::move(row));
  }
  return heat_map(
      evidence.results[pruned].name,
      fmt::format("Samples of the row's class that {} takes for the column's, less those that {} "
                  "does. The diagonal is what was recognised.",
                  evidence.results[pruned].name, evidence.results.front().name),
      map);
}

Section change_section(const Evidence& evidence) {
  constexpr int64_t kMaxFlows = 12;
  Section section{"What changed"};
  section.paragraphs = {fmt::format(
      "Every network against {}, on the same samples: lost and gained samples of every class, "
      "how likely so much is by chance (McNemar's exact test, p-values by Holm over the classes), "
      "and the calibration error. Slopes above 1 mean that weak classes became weaker.",
      evidence.results.front().name)};
  for (size_t i = 0; i < evidence.comparisons.size(); ++i) {
    const Comparison& comparison = evidence.comparisons[i];
    const std::string& name = evidence.results[i + 1].name;
    const auto [low, high] = comparison.balanced_change;
    section.paragraphs.push_back(fmt::format(
        "{}: balanced accuracy {:+.1f} points, {:g} % interval {:+.1f} to {:+.1f}; slope {:.2f}; "
        "{} samples judged differently.",
        name, 100 * (comparison.balanced_after - comparison.balanced_before),
        100 * evidence.confidence, 100 * low, 100 * high, comparison.intensification,
        comparison.exemplars.size()));
    if (evidence.classes.names.size() <= kMaxClasses) {
      section.figures.push_back(confusion_change(evidence, i + 1));
    }
    Table changes = change_table(comparison, evidence.classes);
    changes.title = name + ": every class (%)";
    section.tables.push_back(std::move(changes));
    Table flows = flow_table(comparison, evidence.classes, kMaxFlows);
    flows.title = name + ": the largest flows";
    if (!flows.rows.empty()) section.tables.push_back(std::move(flows));
  }
  return section;
}

Section exemplar_section(const Evidence& evidence) {
  Section section{"Samples judged differently"};
  section.paragraphs = {
      "Those the first network was surest of. Look whether they are hard, or mislabelled."};
  const auto name = [&](int64_t c) { return evidence.classes.names.at(static_cast<size_t>(c)); };
  for (const auto& [network, e, image] : evidence.exemplars) {
    section.pictures.push_back(
        {fmt::format("{}: {} taken for {}, was for {} ({:.0f} % sure); sample {}",
                     evidence.results[network].name, name(e.label), name(e.after), name(e.before),
                     100 * e.confidence, e.sample),
         image});
  }
  return section;
}

Section repeat_section(const Provenance& provenance) {
  Section section{"How to repeat this"};
  section.tables = {{"",
                     {"what", "value"},
                     {{"command", provenance.command},
                      {"data", provenance.data},
                      {"imbalance", provenance.imbalance},
                      {"test samples", std::to_string(provenance.test_samples)},
                      {"seed", std::to_string(provenance.seed)},
                      {"ncprune", provenance.version}}}};
  return section;
}

}  // namespace

std::vector<std::string> verdicts(const Evidence& evidence) {
  constexpr double kLevel = 0.05;
  std::vector<std::string> sentences;
  for (size_t i = 0; i < evidence.comparisons.size(); ++i) {
    const Comparison& comparison = evidence.comparisons[i];
    int64_t harmed = 0;
    size_t worst = 0;
    double worst_change = 0;
    for (size_t c = 0; c < comparison.classes.size(); ++c) {
      const ClassChange& change = comparison.classes[c];
      if (change.adjusted < kLevel && change.lost > change.gained) ++harmed;
      const double moved = change.recall_after - change.recall_before;
      if (moved < worst_change) {
        worst = c;
        worst_change = moved;
      }
    }
    const std::string balanced =
        fmt::format("balanced accuracy {} %, was {} %", percent(comparison.balanced_after),
                    percent(comparison.balanced_before));
    const std::string& name = evidence.results[i + 1].name;
    if (harmed == 0) {
      sentences.push_back(
          fmt::format("{} lost no class beyond what chance explains: {}.", name, balanced));
      continue;
    }
    sentences.push_back(fmt::format(
        "{} lost recall beyond chance in {} of {} classes, most in {} ({:+.1f} points): {}.", name,
        harmed, comparison.classes.size(), evidence.classes.names[worst], 100 * worst_change,
        balanced));
  }
  return sentences;
}

Page evidence_page(const Evidence& evidence, const Provenance& provenance) {
  Page page{provenance.title, verdicts(evidence), {class_section(evidence, provenance.curves)}};
  if (!evidence.comparisons.empty()) page.sections.push_back(change_section(evidence));
  if (!evidence.exemplars.empty()) page.sections.push_back(exemplar_section(evidence));
  if (evidence.robustness) page.sections.push_back(robustness_section(evidence));
  if (!evidence.collapse.empty()) page.sections.push_back(geometry_section(evidence));
  page.sections.push_back(layer_section(evidence));
  page.sections.insert(page.sections.end(), provenance.more.begin(), provenance.more.end());
  page.sections.push_back(repeat_section(provenance));
  return page;
}

}  // namespace ncprune
