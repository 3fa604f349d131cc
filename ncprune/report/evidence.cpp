#include "ncprune/report/evidence.h"

#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/matmul.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ncprune/base/no_value.h"
#include "ncprune/report/comparison_report.h"
#include "ncprune/report/figures.h"

namespace ncprune {
namespace {

constexpr size_t kMostClasses = 25;  // that a heat map of pairs of classes can show

std::vector<std::string> labels_of(const ClassInfo& classes) {
  std::vector<std::string> labels;
  for (size_t c = 0; c < classes.names.size(); ++c) labels.push_back(class_label(classes, c));
  return labels;
}

std::string megabytes(int64_t bytes) {
  return fmt::format("{:.2f}", static_cast<double>(bytes) / 1e6);
}

int64_t total(const NetworkSize& size, int64_t LayerSize::*field) {
  int64_t sum = 0;
  for (const LayerSize& layer : size.layers) sum += layer.*field;
  return sum;
}

Table size_table(const Evidence& evidence) {
  Table table{"What the networks cost",
              {"network", "weights\nin layers", "not zero", "sparsity %", "parameters",
               "multiply-adds\n(millions)", "file MB", "ms a sample"},
              {}};
  for (size_t i = 0; i < evidence.sizes.size(); ++i) {
    const NetworkSize& size = evidence.sizes[i];
    const int64_t weights = total(size, &LayerSize::weights);
    const int64_t kept = total(size, &LayerSize::kept);
    const double sparsity = 1 - static_cast<double>(kept) / static_cast<double>(weights);
    table.rows.push_back({evidence.results[i].name, std::to_string(weights), std::to_string(kept),
                          percent(sparsity), std::to_string(size.parameters),
                          fmt::format("{:.2f}", static_cast<double>(size.macs) / 1e6),
                          megabytes(size.bytes),
                          size.latency ? fmt::format("{:.3f}", size.latency->median) : "-"});
  }
  return table;
}

Section class_section(const Evidence& evidence) {
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
                              labels_of(evidence.classes), series)};
  section.figures.insert(section.figures.end(), evidence.curves.begin(), evidence.curves.end());
  section.tables = {class_table("Recall per class (%)", evidence.classes, evidence.results)};
  return section;
}

// What became of every pair of classes: how many samples of the row's are taken for the column's
// now, less those before.
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
  constexpr int64_t kMostFlows = 12;
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
    if (evidence.classes.names.size() <= kMostClasses) {
      section.figures.push_back(confusion_change(evidence, i + 1));
    }
    Table changes = change_table(comparison, evidence.classes);
    changes.title = name + ": every class (%)";
    section.tables.push_back(std::move(changes));
    Table flows = flow_table(comparison, evidence.classes, kMostFlows);
    flows.title = name + ": the largest flows";
    if (!flows.rows.empty()) section.tables.push_back(std::move(flows));
  }
  return section;
}

Section exemplar_section(const Evidence& evidence) {
  Section section{"Samples judged differently"};
  section.paragraphs = {
      "Those the first network was surest of. Look whether they are hard, or mislabelled."};
  section.pictures = evidence.exemplars;
  return section;
}

// Corruptions in their order, recall of every class averaged over severities.
HeatMap corruption_map(const Evidence& evidence, size_t network) {
  HeatMap map{labels_of(evidence.classes), {}, {}};
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

// Coordinates [K, 2] whose inner products are nearest to the Gram matrix: its two largest axes.
at::Tensor plane_of(const at::Tensor& gram) {
  const auto [values, vectors] = at::linalg_eigh(gram);
  const int64_t k = gram.size(0);
  return vectors.slice(1, k - 2, k).flip(1) * values.slice(0, k - 2, k).flip(0).clamp_min(0).sqrt();
}

// Turned or mirrored to lie as near as can be to `other` (orthogonal Procrustes; Schoenemann 1966).
at::Tensor turned_to(const at::Tensor& plane, const at::Tensor& other) {
  const auto [u, s, v] = at::linalg_svd(at::matmul(plane.t(), other));
  return at::matmul(plane, at::matmul(u, v));
}

Section geometry_section(const Evidence& evidence) {
  Section section{"Geometry of the classes"};
  section.paragraphs = {
      "Neural Collapse: how tightly the activations of a class lie around their mean (NC1), how "
      "evenly the means stand (NC2), whether the head fits them (NC3, NC4); measured on the "
      "training samples. Each picture shows the class means that the head reads, in the plane in "
      "which they differ most, turned to fit the first. Triangles are rare classes."};
  const LayerCollapse& dense = evidence.collapse.front().collapse.layers.back();
  const bool drawn = dense.gram.size(0) >= 3 && evidence.classes.names.size() <= 40 &&
                     dense.gram.isfinite().all().item<bool>();
  for (const CollapseResult& network : evidence.collapse) {
    const at::Tensor& gram = network.collapse.layers.back().gram;
    if (!drawn || !gram.isfinite().all().item<bool>()) continue;
    const at::Tensor reference = plane_of(dense.gram);
    const at::Tensor plane = turned_to(plane_of(gram), reference).contiguous();
    std::vector<PlanePoint> points;
    for (size_t c = 0; c < evidence.classes.names.size(); ++c) {
      const auto& rare = evidence.classes.minority;
      const bool marked =
          std::find(rare.begin(), rare.end(), static_cast<int64_t>(c)) != rare.end();
      points.push_back({evidence.classes.names[c], elements<double>(plane)[2 * c],
                        elements<double>(plane)[2 * c + 1], marked});
    }
    section.figures.push_back(scatter_plot(
        network.name,
        fmt::format("Class means of {} in the plane of their largest differences.", network.name),
        points));
  }
  section.tables = collapse_tables("", evidence.classes, evidence.collapse);
  return section;
}

Section layer_section(const Evidence& evidence) {
  Section section{"Layers and cost"};
  section.paragraphs = {
      "Multiply-adds, parameters and file size count zeros: only removed neurons and channels make "
      "them smaller. The time is the median for one sample where it was measured."};
  // Structured pruning keeps the layers and makes them smaller: all shares are of the first's.
  const NetworkSize& dense = evidence.sizes.front();
  std::vector<std::string> names;
  for (const LayerSize& layer : dense.layers) names.push_back(layer.name);
  std::vector<Series> series;
  for (size_t i = 0; i < evidence.sizes.size(); ++i) {
    Series one{evidence.results[i].name, std::vector<double>(names.size(), kNoValue)};
    for (const LayerSize& layer : evidence.sizes[i].layers) {
      const auto found = std::find(names.begin(), names.end(), layer.name);
      if (found == names.end()) continue;
      const auto at = static_cast<size_t>(found - names.begin());
      one.values[at] =
          static_cast<double>(layer.kept) / static_cast<double>(dense.layers[at].weights);
    }
    series.push_back(std::move(one));
  }
  section.figures = {dot_plot("What is left of every layer",
                              "Weights that are not zero, as a share of the first network's.",
                              names, series)};
  section.tables = {size_table(evidence)};
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
  Page page{provenance.title, verdicts(evidence), {class_section(evidence)}};
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
