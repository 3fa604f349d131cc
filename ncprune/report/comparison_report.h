#pragma once

#include "ncprune/base/json.h"
#include "ncprune/evaluate/comparison.h"
#include "ncprune/report/class_report.h"

namespace ncprune {

// The change of every class (labelled by class_label()): recall and calibration error before and
// after, in percent; samples lost and gained; the adjusted p-value.
Table change_table(const Comparison& comparison, const ClassInfo& classes);

// The `most` largest flows: the class, the prediction before, the prediction now, and the count.
Table flow_table(const Comparison& comparison, const ClassInfo& classes, int64_t most);

// The comparison as JSON, shares in [0, 1]: balanced_accuracy {before, after, change, low, high},
// intensification, classes (null where a class has no samples), all flows and all exemplars;
// classes are given by their index in `classes.names`.
Json comparison_json(const Comparison& comparison, const ClassInfo& classes);

}  // namespace ncprune
