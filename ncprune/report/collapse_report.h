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

// Networks measured on the same data, a column each; the first is the dense one, whose layers are
// the rows, found in the others by name. Three tables: every measure of every layer, then of the
// head; the worst pair of classes in every layer; NC1 of each class in what the head reads. "-"
// stands where there is no value.
std::vector<Table> collapse_tables(const std::string& title, const ClassInfo& classes,
                                   const std::vector<CollapseResult>& networks);

// Which classes were left out or have one sample, a line each; else empty.
std::string collapse_notes(const ClassInfo& classes, const Collapse& collapse);

// All the numbers of `network`, those per class included, and the distances of its layers' Gram
// matrices to those of `dense`; null where there is no value or it is infinite.
Json collapse_json(const Collapse& network, const Collapse& dense);

}  // namespace ncprune
