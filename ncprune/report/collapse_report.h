#pragma once

#include <string>
#include <vector>

#include "ncprune/report/class_report.h"
#include "ncprune/stats/collapse.h"

namespace ncprune {

// One network's measurements, as a column of the tables.
struct CollapseResult {
  std::string name;
  Collapse collapse;
};

// Three tables with a column per network, all measured on the same data: every measure of every
// layer, then of the head; the worst pair of classes in every layer; NC1 of each class in the
// head's input. The rows are the layers of the first network, the dense one; the other networks'
// layers are found by name. "-" means no value.
std::vector<Table> collapse_tables(const std::string& title, const ClassInfo& classes,
                                   const std::vector<CollapseResult>& networks);

// A line for the classes that were left out and one for those with one sample; empty if none.
std::string collapse_notes(const ClassInfo& classes, const Collapse& collapse);

// All numbers of `network`, also per class, and the distances between the Gram matrices of its
// layers and those of `dense`; null where a value is missing or infinite.
Json collapse_json(const Collapse& network, const Collapse& dense);

}  // namespace ncprune
