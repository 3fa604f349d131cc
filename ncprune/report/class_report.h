#pragma once

#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/data/class_info.h"
#include "ncprune/evaluate/class_results.h"
#include "ncprune/report/table.h"

namespace ncprune {

// What a class is called in a table: "Dress (45) *", with its training samples if they are known,
// marked if it is rare.
std::string class_label(const ClassInfo& classes, size_t c);
std::vector<std::string> class_labels(const ClassInfo& classes);

// Recall per class (with its training samples, rare classes marked *), then the averages, a column
// per network; in percent.
Table class_table(const std::string& title, const ClassInfo& classes,
                  const std::vector<ModelResult>& models);

// The same numbers as data, shares in [0, 1]: recall (array over classes, null for a class without
// test samples), balanced_accuracy, overall_accuracy, minority_recall (null when there is no
// minority), worst_recall, macro_f1, g_mean, and head, medium and tail recall where there are
// groups.
Json metrics_json(const ClassMetrics& metrics, const ClassInfo& classes);

}  // namespace ncprune
