#pragma once

#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/data/class_info.h"
#include "ncprune/evaluate/class_results.h"
#include "ncprune/report/table.h"

namespace ncprune {

// The label of a class in a table, such as "Dress (45) *": the number of training samples is given
// if known, and rare classes are marked.
std::string class_label(const ClassInfo& classes, size_t c);
std::vector<std::string> class_labels(const ClassInfo& classes);

// Recall per class (labelled by class_label()), then the averages, and then those at the common
// operating point and with noise, if measured; a column per network, in percent.
Table class_table(const std::string& title, const ClassInfo& classes,
                  const std::vector<ModelResult>& models);

// A sentence for people that explains the lines "common ..." of class_table(); empty if the table
// has none.
std::string common_note(const std::vector<ModelResult>& models);

// Average precision per class (class_separations()) on clean data; a column per network, in
// percent.
Table precision_table(const std::string& title, const ClassInfo& classes,
                      const std::vector<ModelResult>& models);

// The numbers of class_table() as JSON, shares in [0, 1]: recall, auroc and average_precision
// (arrays over classes, null for a class without test samples), balanced_accuracy,
// overall_accuracy, minority_recall (null when there is no minority), worst_recall, macro_f1,
// g_mean, mean_auroc, mean_average_precision, and head, medium and tail recall where there are
// groups.
Json metrics_json(const ClassMetrics& metrics, const ClassInfo& classes);

// metrics_json() of `result.common`, with the shift, balanced_margin and minority_margin: margin()
// (bootstrap.h) of these averages, or null. REQUIRES: result.common.
Json common_json(const ModelResult& result, const ClassInfo& classes);

}  // namespace ncprune
