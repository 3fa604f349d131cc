#include <algorithm>

#include "ncprune/report/figures.h"
#include "ncprune/study/grouping.h"
#include "ncprune/study/study.h"

namespace ncprune {
namespace {

LinePoint point(double x, const std::vector<double>& values) {
  const auto [y, half] = mean_and_interval(values);
  if (!half) return {x, y};
  return {x, y, std::pair{std::max(0.0, y - *half), std::min(1.0, y + *half)}};
}

// A line per method, in order of appearance; the dense network counts at every sparsity.
std::vector<Line> curve_lines(const StudyRows& rows, const RowValue& value) {
  std::vector<Line> lines;
  for (const std::string& method : distinct(rows, &StudyCell::method)) {
    Line line{method, {}};
    for (const double sparsity : sparsities_of(rows)) {
      const StudyRows own = rows_at(rows_of_method(rows, method), sparsity);
      if (!own.empty()) line.points.push_back(point(sparsity, values_of(own, value)));
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

std::vector<Figure> sparsity_curves(const std::vector<StudyRow>& rows) {
  const StudyRows own = rows_where(rows, [&](const StudyRow& row) {
    return problem_key(row) == problem_key(rows.front()) &&
           row.cell.treatment == rows.front().cell.treatment;
  });
  if (sparsities_of(own).size() < 2) return {};
  const auto figure = [&](const std::string& what, const RowValue& value) {
    return line_chart(what + " against sparsity",
                      "A line for every method; bars are 95 % intervals over seeds where there are "
                      "several.",
                      removed_parts(own.front().cell.settings) + " removed",
                      curve_lines(own, value));
  };
  std::vector<Figure> figures{figure("Balanced accuracy", balanced_accuracy)};
  if (!own.front().outcome.classes.minority.empty()) {
    figures.push_back(figure("Minority recall", minority_recall));
  }
  return figures;
}

}  // namespace ncprune
