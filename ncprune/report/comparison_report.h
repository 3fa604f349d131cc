#pragma once

#include "ncprune/base/json.h"
#include "ncprune/evaluate/comparison.h"
#include "ncprune/report/class_report.h"

namespace ncprune {

// What happened to every class (class_label()): recall
// before and after and calibration error, in percent; samples lost and gained; the adjusted
// p-value.
Table change_table(const Comparison& comparison, const ClassInfo& classes);

// The `most` largest flows: what a class was taken for, what it is taken for now, how often.
Table flow_table(const Comparison& comparison, const ClassInfo& classes, int64_t most);

// The same numbers as data, shares in [0, 1]: balanced_accuracy {before, after, change, low, high},
// intensification, classes (null where a class has no samples), flows and exemplars, whole; classes
// by their index in `classes.names`.
Json comparison_json(const Comparison& comparison, const ClassInfo& classes);

}  // namespace ncprune
