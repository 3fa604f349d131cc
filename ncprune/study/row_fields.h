#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/study/row.h"

namespace ncprune {

// The fields of a row, each on one line of row_fields.cpp. The bytes sent between processes, the
// JSON for users and the database follow from these tables.

// The database table that holds a field.
enum class FieldTable {
  kProblem,     // in `problem` only
  kProblemKey,  // in `problem` and in `cell`, as part of the cell's key
  kSettings,    // in `settings`, part of the cell's key
  kCellKey,     // in `cell`, as part of its key
  kCell         // in `cell`
};

// The place of a field in the JSON of a row.
struct JsonPlace {
  int place = 0;                // counted from 1; 0: not in the JSON
  bool unless_default = false;  // omitted when it equals the value in an empty row
};

struct RowField {
  std::string name;      // in every form
  std::string sql_type;  // a list is TEXT that holds JSON
  bool asked;            // whether it is a field of StudyCell, which always has a value
  FieldTable table;
  JsonPlace json;
  std::function<Json(const StudyRow&)> get;
  // Takes the value as get() returns it or as SQLite stores it. Throws nlohmann's exceptions.
  std::function<void(StudyRow&, const Json&)> set;

  bool in_problem() const {
    return table == FieldTable::kProblem || table == FieldTable::kProblemKey;
  }
  bool in_cell() const { return table != FieldTable::kProblem && table != FieldTable::kSettings; }
  // Whether it distinguishes cells that have the same settings.
  bool is_key() const { return table == FieldTable::kProblemKey || table == FieldTable::kCellKey; }
};

// In the order of the database's columns.
const std::vector<RowField>& row_fields();

// The fields that are in the JSON, in its order.
const std::vector<RowField>& json_fields();

// A part of the data on which networks are evaluated.
struct RowPart {
  std::string name;  // in the database
  std::string json;  // the key of its metrics in the JSON; empty: they are in the row itself
  std::function<const ClassMetrics*(const StudyOutcome&)> get;  // nullptr: not measured
  std::function<ClassMetrics&(StudyOutcome&)> add;
  std::string StudyOutcome::*right;  // which samples are recognised; nullptr: not kept
};
const std::vector<RowPart>& row_parts();

// The values per class on a part, in the order of the database's columns. Rows that are older than
// a field have none of its values.
struct ClassField {
  std::string name;
  std::vector<double> ClassMetrics::*member;
};
const std::vector<ClassField>& class_fields();

// The averages over a part, in the order of the database's columns. The confusion matrix is not
// kept.
struct AverageField {
  std::string name;
  double ClassMetrics::*member;  // nullptr: mean recall of the rare classes, which is computed
};
const std::vector<AverageField>& average_fields();

}  // namespace ncprune
