#include <fmt/format.h>

#include <algorithm>

#include "ncprune/evaluate/inference.h"
#include "ncprune/study/study.h"

namespace ncprune {
namespace {

std::string interval(const std::vector<double>& values) {
  if (values.empty()) return "";
  double mean = 0;
  for (const double x : values) mean += x / static_cast<double>(values.size());
  if (values.size() < 2) return percent(mean);
  return fmt::format("{}±{:.1f}", percent(mean), 100 * half_interval(values));
}

// The order in which things first appear.
template <typename Value>
void append_new(std::vector<Value>& seen, const Value& value) {
  if (std::find(seen.begin(), seen.end(), value) == seen.end()) seen.push_back(value);
}

std::vector<std::string> league_row(const std::vector<const StudyRow*>& rows,
                                    const std::string& method,
                                    const std::vector<std::string>& treatments) {
  std::vector<std::string> line{method};
  for (const std::string& treatment : treatments) {
    std::vector<double> minority;
    std::vector<double> balanced;
    for (const StudyRow* row : rows) {
      if (row->method != method || row->treatment != treatment) continue;
      minority.push_back(mean_recall(row->result.clean, row->classes.minority));
      balanced.push_back(row->result.clean.balanced_accuracy);
    }
    line.push_back(interval(minority));
    line.push_back(interval(balanced));
  }
  return line;
}

}  // namespace

std::vector<Table> league_tables(const std::vector<StudyRow>& rows) {
  std::vector<std::pair<std::string, std::string>> problems;
  std::vector<std::string> treatments;
  std::vector<std::string> methods;
  std::vector<double> sparsities;
  for (const StudyRow& row : rows) {
    append_new(problems, {row.data, row.imbalance});
    append_new(treatments, row.treatment);
    append_new(methods, row.method);
    if (row.method != "dense") append_new(sparsities, row.sparsity);
  }
  std::sort(sparsities.begin(), sparsities.end());
  std::vector<Table> tables;
  for (const auto& [data, imbalance] : problems) {
    for (const double sparsity : sparsities) {
      std::vector<const StudyRow*> own;
      std::vector<int64_t> seeds;
      const StudyRow* pruned = nullptr;
      for (const StudyRow& row : rows) {
        if (row.data != data || row.imbalance != imbalance) continue;
        const bool dense = row.method == "dense";
        if (!dense && row.sparsity != sparsity) continue;
        own.push_back(&row);
        append_new(seeds, row.seed);
        if (!dense) pruned = &row;
      }
      if (pruned == nullptr) continue;
      Table table{fmt::format("{}, {}, {}, {} seed{}: minority recall and balanced accuracy (%)",
                              data, imbalance, removal_text(pruned->settings, sparsity),
                              seeds.size(), seeds.size() == 1 ? "" : "s"),
                  {"method"},
                  {}};
      for (const std::string& treatment : treatments) {
        std::string name = treatment;
        name.replace(name.find('/'), 1, "\n");
        table.header.push_back(name + "\nminority");
        table.header.push_back("balanced");
      }
      for (const std::string& method : methods) {
        table.rows.push_back(league_row(own, method, treatments));
        if (method == "dense") table.rows.emplace_back();
      }
      tables.push_back(std::move(table));
    }
  }
  return tables;
}

}  // namespace ncprune
