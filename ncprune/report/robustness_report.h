#pragma once

#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/evaluate/robustness.h"
#include "ncprune/report/class_report.h"

namespace ncprune {

// What was measured of networks called `names`, a column each; the first is the one that the others
// are held against.
struct RobustnessResult {
  std::vector<std::string> names;
  Robustness robustness;
};

// Balanced accuracy on every corruption, then clean and the means, in percent: the mean over
// severities, or of one network alone every severity. REQUIRES: corruptions were measured.
Table corruption_table(const RobustnessResult& result);

// Recall of every class clean and its mean over all corruptions, in percent. REQUIRES: the same.
Table corrupted_class_table(const RobustnessResult& result, const ClassInfo& classes);

// Mean over classes of every measure of sensitivity. REQUIRES: it was measured.
Table sensitivity_table(const RobustnessResult& result);

// Recall of every class, balanced accuracy and minority recall under every attack, in percent.
Table attack_table(const RobustnessResult& result, const ClassInfo& classes);

// The same numbers as data, per class and severity too, shares in [0, 1]; null where there is no
// value.
Json robustness_json(const RobustnessResult& result, const ClassInfo& classes);

}  // namespace ncprune
