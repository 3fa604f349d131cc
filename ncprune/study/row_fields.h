#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ncprune/study/row.h"

namespace ncprune {

// The fields of a row, each on one line of row_fields.cpp. The bytes between processes, the JSON
// for users and the database follow from these tables.

// Where a field stands in the database.
enum class FieldTable {
  kProblem,     // in `problem` only
  kProblemKey,  // in `problem`, and in `cell`, where it tells cells apart
  kSettings,    // in `settings`, which tell cells apart
  kCellKey,     // in `cell`, where it tells cells apart
  kCell         // in `cell`
};

// Where a field stands in the JSON of a row.
struct JsonPlace {
  int place = 0;                // from 1 on; 0: it is not in the JSON
  bool unless_default = false;  // left out where it has the value of an empty row
};

struct RowField {
  std::string name;      // everywhere
  std::string sql_type;  // lists are TEXT that holds JSON
  bool asked;            // a field of StudyCell, which always has a value
  FieldTable table;
  JsonPlace json;
  std::function<Json(const StudyRow&)> get;
  // Takes the value as get() gives it or as SQLite keeps it. Throws nlohmann's exceptions.
  std::function<void(StudyRow&, const Json&)> set;

  bool in_problem() const {
    return table == FieldTable::kProblem || table == FieldTable::kProblemKey;
  }
  bool in_cell() const { return table != FieldTable::kProblem && table != FieldTable::kSettings; }
  // Whether it tells cells apart, within their settings.
  bool is_key() const { return table == FieldTable::kProblemKey || table == FieldTable::kCellKey; }
};

// In the order of the database's columns.
const std::vector<RowField>& row_fields();

// The same fields in the order of the JSON, without those that are not in it.
const std::vector<RowField>& json_fields();

// A part of the data that networks are judged on.
struct RowPart {
  std::string name;  // in the database
  std::string json;  // the key of its metrics in the JSON; empty: they stand in the row itself
  std::function<const ClassMetrics*(const StudyOutcome&)> get;  // nullptr: it was not measured
  std::function<ClassMetrics&(StudyOutcome&)> add;
  std::string StudyOutcome::*right;  // which samples are recognised; nullptr: it is not kept
};
const std::vector<RowPart>& row_parts();

// The averages over a part, in the order of the database's columns. The confusion is not kept.
struct AverageField {
  std::string name;
  double ClassMetrics::*member;  // nullptr: mean recall of the rare classes, which is derived
};
const std::vector<AverageField>& average_fields();

}  // namespace ncprune
