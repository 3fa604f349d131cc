#include "ncprune/prune/parts.h"

#include "ncprune/base/choices.h"
#include "ncprune/base/lookup.h"
#include "ncprune/criteria/criterion.h"
#include "ncprune/prune/allocation.h"
#include "ncprune/prune/pattern.h"

namespace ncprune {

const std::vector<MethodPart>& method_parts() {
  static const std::vector<MethodPart> table{
      {"criterion", "see 'ncprune criteria'", &Method::criterion,
       [](const std::string& name) { find_criterion(name); }, all_names(criteria())},
      {"allocation", choices(allocations()), &Method::allocation,
       [](const std::string& name) { find_named(allocations(), name, "allocation"); },
       all_names(allocations())},
      {"pattern", choices(pattern_kinds(), &PatternKind::usage), &Method::pattern,
       [](const std::string& name) { find_pattern(name); }, all_names(patterns())},
      {"solver", choices(solvers()), &Method::solver,
       [](const std::string& name) { find_named(solvers(), name, "solver"); },
       all_names(solvers())},
      {"search-metric", choices(search_metrics()) + ", in which the solver searches",
       &Method::search_metric,
       [](const std::string& name) { find_named(search_metrics(), name, "metric"); },
       all_names(search_metrics())},
      {"repair", choices(repairs()), &Method::repair,
       [](const std::string& name) { find_named(repairs(), name, "repair"); },
       all_names(repairs())},
  };
  return table;
}

const Solver& solver_of(const Method& method) {
  return find_named(solvers(), method.solver, "solver");
}

const SearchMetric& search_metric_of(const Method& method) {
  return find_named(search_metrics(), method.search_metric, "metric");
}

const Repair& repair_of(const Method& method) {
  return find_named(repairs(), method.repair, "repair");
}

MetricOptions repair_metric_of(const Method& method, const MetricOptions& recipe) {
  const Repair& repair = repair_of(method);
  if (repair.of_search) return search_metric_of(method).of(recipe);
  if (repair.metric.empty()) return recipe;
  return find_named(search_metrics(), repair.metric, "metric").of(recipe);
}

bool searches_class_aware(const Method& method) {
  return solver_of(method).solve != nullptr && search_metric_of(method).class_aware;
}

}  // namespace ncprune
