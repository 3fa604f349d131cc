#pragma once

#include "ncprune/base/json.h"
#include "ncprune/evaluate/promise.h"
#include "ncprune/report/class_report.h"

namespace ncprune {

// The verdict on every class: its held-out samples and the number that any network would need,
// recall before and after, both bounds (percent, points), and whether the promise is kept: "yes",
// "no", "unsure" or "too few", as ClassOutcome.
Table promise_table(const Verdict& verdict, const ClassInfo& classes);

// The classes with too few held-out samples to show that any network keeps the promise.
std::vector<std::string> too_few_samples(const Verdict& verdict, const ClassInfo& classes);

// The outcome in JSON and JUnit files: "kept", "broken", "unsure" or "too-few-samples".
std::string outcome_name(ClassOutcome outcome);

// The verdict as JSON, shares in [0, 1]; null where a class has no samples. Its "classes" hold
// samples and samples_before, right_before and right_after (counts), recall_before and
// recall_after, most_drop, least_recall, needed, outcome and kept.
Json verdict_json(const Verdict& verdict);

}  // namespace ncprune
