#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "ncprune/base/no_value.h"
#include "ncprune/report/evidence_sections.h"
#include "ncprune/report/figures.h"

namespace ncprune {
namespace {

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
               "multiply-adds\n(millions)", "file MB", "ms a sample", "ms a sample,\ncompiled"},
              {}};
  const auto median = [](const std::vector<Latency>& measured, size_t i) {
    return measured.empty() ? "-" : fmt::format("{:.3f}", measured[i].median);
  };
  for (size_t i = 0; i < evidence.sizes.size(); ++i) {
    const NetworkSize& size = evidence.sizes[i];
    const int64_t weights = total(size, &LayerSize::weights);
    const int64_t kept = total(size, &LayerSize::kept);
    const double sparsity = 1 - static_cast<double>(kept) / static_cast<double>(weights);
    table.rows.push_back({evidence.results[i].name, std::to_string(weights), std::to_string(kept),
                          percent(sparsity), std::to_string(size.parameters),
                          fmt::format("{:.2f}", static_cast<double>(size.macs) / 1e6),
                          megabytes(evidence.file_bytes[i]), median(evidence.latencies, i),
                          median(evidence.compiled, i)});
  }
  return table;
}

}  // namespace

Section layer_section(const Evidence& evidence) {
  Section section{"Layers and cost"};
  section.paragraphs = {
      "Multiply-adds, parameters and file size count zeros: only removed neurons and channels make "
      "them smaller. The times are medians for one sample where they were measured; networks that "
      "ncprune compile writes as C skip the zeros."};
  // Structured pruning makes layers smaller, so all shares are relative to the first network.
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

}  // namespace ncprune
