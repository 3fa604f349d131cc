#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "ncprune/evaluate/inference.h"
#include "ncprune/report/figures.h"
#include "ncprune/study/study.h"

namespace ncprune {
namespace {

using Value = std::function<double(const StudyRow&)>;

LinePoint point(double x, const std::vector<double>& values) {
  double mean = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  if (values.size() < 2) return {x, mean};
  const double half = half_interval(values);
  return {x, mean, std::pair{std::max(0.0, mean - half), std::min(1.0, mean + half)}};
}

// Methods in the order they appear; the dense network is one at every sparsity.
std::vector<Line> lines_of(const std::vector<const StudyRow*>& rows,
                           const std::vector<double>& sparsities, const Value& value) {
  std::vector<std::string> methods;
  std::map<std::pair<std::string, double>, std::vector<double>> values;
  for (const StudyRow* row : rows) {
    if (std::find(methods.begin(), methods.end(), row->method) == methods.end()) {
      methods.push_back(row->method);
    }
    if (row->method != "dense") values[{row->method, row->sparsity}].push_back(value(*row));
    for (const double sparsity : sparsities) {
      if (row->method == "dense") values[{"dense", sparsity}].push_back(value(*row));
    }
  }
  std::vector<Line> lines;
  for (const std::string& method : methods) {
    Line line{method, {}};
    for (const double sparsity : sparsities) {
      const auto found = values.find({method, sparsity});
      if (found != values.end()) line.points.push_back(point(sparsity, found->second));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

std::vector<Figure> sparsity_curves(const std::vector<StudyRow>& rows) {
  std::vector<const StudyRow*> own;
  std::vector<double> sparsities;
  for (const StudyRow& row : rows) {
    const StudyRow& first = rows.front();
    if (row.data != first.data || row.imbalance != first.imbalance ||
        row.treatment != first.treatment) {
      continue;
    }
    own.push_back(&row);
    const bool known =
        std::find(sparsities.begin(), sparsities.end(), row.sparsity) != sparsities.end();
    if (row.method != "dense" && !known) sparsities.push_back(row.sparsity);
  }
  if (sparsities.size() < 2) return {};
  std::sort(sparsities.begin(), sparsities.end());
  const auto figure = [&](const std::string& what, const Value& value) {
    return line_chart(what + " against sparsity",
                      "A line for every method; bars are 95 % intervals over seeds where there are "
                      "several.",
                      removed_parts(rows.front().settings) + " removed",
                      lines_of(own, sparsities, value));
  };
  std::vector<Figure> figures{figure(
      "Balanced accuracy", [](const StudyRow& r) { return r.result.clean.balanced_accuracy; })};
  if (!rows.front().classes.minority.empty()) {
    figures.push_back(figure("Minority recall", [](const StudyRow& r) {
      return mean_recall(r.result.clean, r.classes.minority);
    }));
  }
  return figures;
}

}  // namespace ncprune
