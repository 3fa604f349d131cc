#pragma once

#include <string>
#include <vector>

#include "ncprune/prune/method.h"
#include "ncprune/prune/repair.h"
#include "ncprune/prune/search_metric.h"
#include "ncprune/prune/solver.h"

namespace ncprune {

// A part of a method, chosen by the name of a table entry, for command lines and files.
struct MethodPart {
  std::string name;
  std::string summary;  // the choices
  std::string Method::*field;
  // Throws InputError, listing the known names, unless there is an entry called `name`.
  void (*require)(const std::string& name);
  std::vector<std::string> names;  // known ones; of a family of names, an example
};

const std::vector<MethodPart>& method_parts();

// The entries that the method's parts name. They throw InputError on unknown names.
const Solver& solver_of(const Method& method);
const SearchMetric& search_metric_of(const Method& method);
const Repair& repair_of(const Method& method);

// The metric in which the method's repair measures, given the metric of the recipe.
MetricOptions repair_metric_of(const Method& method, const MetricOptions& recipe);

// Whether the method's solver searches and weights the rows of a layer by their effect on the class
// scores.
bool searches_class_aware(const Method& method);

}  // namespace ncprune
