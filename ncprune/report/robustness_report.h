#pragma once

#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/evaluate/robustness.h"
#include "ncprune/report/class_report.h"

namespace ncprune {

// The measurements of the networks called `names`, a column each. The others are compared with the
// first.
struct RobustnessResult {
  std::vector<std::string> names;
  Robustness robustness;
};

// Balanced accuracy on every corruption, then clean and the means, in percent. Several networks:
// the mean over severities; one network: every severity. REQUIRES: corruptions were measured.
Table corruption_table(const RobustnessResult& result);

// Recall of every class, clean and as the mean over all corruptions, in percent. REQUIRES:
// corruptions were measured.
Table corrupted_class_table(const RobustnessResult& result, const ClassInfo& classes);

// Every measure of sensitivity, mean over classes. REQUIRES: sensitivity was measured.
Table sensitivity_table(const RobustnessResult& result);

// Recall of every class, balanced accuracy and minority recall under every attack, in percent.
Table attack_table(const RobustnessResult& result, const ClassInfo& classes);

// The measurements as JSON, also per class and severity, shares in [0, 1]; null where there is no
// value.
Json robustness_json(const RobustnessResult& result, const ClassInfo& classes);

}  // namespace ncprune
