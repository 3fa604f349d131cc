#pragma once

#include "ncprune/base/json.h"
#include "ncprune/evaluate/promise.h"
#include "ncprune/report/class_report.h"

namespace ncprune {

// What was judged of every class: held-out samples and how many any network would need, recall
// before and after, both bounds (percent, points), and whether the promise is kept.
Table promise_table(const Verdict& verdict, const ClassInfo& classes);

// The classes of which there are too few held-out samples to show the promise of any network.
std::vector<std::string> too_few_samples(const Verdict& verdict, const ClassInfo& classes);

// The same numbers as data, shares in [0, 1]; null where a class has no samples.
Json verdict_json(const Verdict& verdict);

}  // namespace ncprune
