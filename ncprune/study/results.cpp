#include "ncprune/study/results.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/study/schema.h"

namespace ncprune {
namespace {

// The origin of a row, which a merge copies with the row.
struct RowOrigin {
  int64_t run = 0;       // 0: none
  std::string finished;  // in SQLite's time format; empty: now
};

std::string now(const Database& database) {
  Statement time(database, "SELECT datetime('now')");
  time.next();
  return time.text(0);
}

// The values of the fields for which `wanted` holds.
template <typename Wanted>
std::vector<NamedValue> values_of(const StudyRow& row, const Wanted& wanted) {
  std::vector<NamedValue> values;
  for (const RowField& field : row_fields()) {
    if (wanted(field)) values.push_back({field.name, value_of(field, row)});
  }
  return values;
}

void add_part(const Database& database, int64_t cell, const RowPart& part,
              const StudyOutcome& outcome) {
  const ClassMetrics* metrics = part.get(outcome);
  if (metrics == nullptr) return;
  std::vector<NamedValue> values{{"cell", cell}, {"part", part.name}};
  for (const auto& [name, member] : average_fields()) {
    values.push_back({name, member == nullptr ? mean_recall(*metrics, outcome.classes.minority)
                                              : metrics->*member});
  }
  if (part.right != nullptr && !(outcome.*part.right).empty()) {
    values.push_back({"right", std::optional<std::string>(outcome.*part.right)});
  }
  insert(database, "outcome", values);
  for (size_t c = 0; c < metrics->recall.size(); ++c) {
    std::vector<NamedValue> own{
        {"cell", cell}, {"part", part.name}, {"class", static_cast<int64_t>(c)}};
    for (const auto& [name, member] : class_fields()) {
      const std::vector<double>& all = metrics->*member;
      own.push_back({name, all.empty() ? kNoValue : all[c]});
    }
    insert(database, "recall", own);
  }
}

// Reads what add_part() stored, if anything.
void read_part(const Database& database, int64_t cell, const RowPart& part, StudyOutcome& outcome) {
  std::string columns = "right";
  for (const AverageField& average : average_fields()) columns += ", " + average.name;
  Statement found(database,
                  fmt::format("SELECT {} FROM outcome WHERE cell = ?1 AND part = ?2", columns));
  if (!found.bind(cell, part.name).next()) return;
  ClassMetrics& metrics = part.add(outcome);
  if (part.right != nullptr) outcome.*part.right = found.text(0);
  int column = 0;
  for (const AverageField& average : average_fields()) {
    ++column;
    if (average.member != nullptr) metrics.*average.member = found.number(column);
  }
  std::vector<std::string> names;
  for (const ClassField& field : class_fields()) names.push_back(field.name);
  Statement values(database,
                   fmt::format("SELECT {} FROM recall WHERE cell = ?1 AND part = ?2 ORDER BY class",
                               fmt::join(names, ", ")));
  values.bind(cell, part.name);
  while (values.next()) {
    int place = 0;
    for (const ClassField& field : class_fields()) {
      (metrics.*field.member).push_back(values.number(place++));
    }
  }
  for (const ClassField& field : class_fields()) {
    std::vector<double>& all = metrics.*field.member;
    const bool known = std::any_of(all.begin(), all.end(), [](double v) { return !std::isnan(v); });
    if (!known && field.member != &ClassMetrics::recall) all.clear();
  }
}

// The row that select_rows() found. Throws InputError when the row is inconsistent.
StudyRow row_of(const Database& database, const Statement& found) {
  StudyRow row;
  try {
    int column = kFirstField;
    for (const RowField& field : row_fields()) set_value(field, row, found, column++);
    if (!Json::parse(row.cell.settings).is_object()) {
      throw InputError(database.name() + ": a row's settings are not a JSON object");
    }
  } catch (const nlohmann::json::exception& error) {
    throw InputError(fmt::format("{}: a row is damaged: {}", database.name(), error.what()));
  }
  row.outcome.result.name = row.cell.method;
  for (const RowPart& part : row_parts()) {
    read_part(database, found.integer(0), part, row.outcome);
  }
  require_consistent(row, database.name());
  return row;
}

// Stores the row within the caller's transaction.
void put(const Database& database, const StudyRow& row, const RowOrigin& origin) {
  const int64_t settings = id_of(database, "settings", {{"json", row.cell.settings}});
  const int64_t problem =
      id_of(database, "problem", values_of(row, [](const RowField& f) { return f.in_problem(); }));
  Statement(database,
            "DELETE FROM cell WHERE id IN (SELECT cell.id FROM cell JOIN settings ON "
            "settings.id = cell.settings" +
                where_cell() + ")")
      .bind_list(cell_key(row.cell))
      .run();
  std::vector<NamedValue> values =
      values_of(row, [](const RowField& field) { return field.in_cell(); });
  if (origin.run != 0) values.push_back({"run", origin.run});
  values.push_back({"settings", settings});
  values.push_back({"problem", problem});
  values.push_back({"finished", origin.finished.empty() ? now(database) : origin.finished});
  insert(database, "cell", values);
  const int64_t cell = database.last_id();
  for (const RowPart& part : row_parts()) add_part(database, cell, part, row.outcome);
}

}  // namespace

StudyResults::StudyResults(const std::string& file) : database_(std::make_unique<Database>(file)) {
  make_tables(*database_);
}

StudyResults::~StudyResults() = default;

void StudyResults::begin(const RunRecord& run) {
  database_->write_ahead();
  run_ = begin_run(*database_, run);
}

void StudyResults::finish() {
  finish_run(*database_, run_);
}

void StudyResults::add(const StudyRow& row) {
  Transaction transaction(*database_);
  put(*database_, row, {run_, ""});
  transaction.commit();
}

Merged StudyResults::merge(const std::string& file) {
  const Database other = existing_results(file);
  Statement found(other, select_rows() + " ORDER BY cell.id");
  Merged merged;
  Transaction transaction(*database_);
  while (found.next()) {
    const StudyRow row = row_of(other, found);
    const std::vector<StudyRow> own = of({row.cell});
    if (own.empty()) {
      put(*database_, row,
          {copied_run(*database_, other, found.integer(kRunColumn)), found.text(kFinishedColumn)});
      ++merged.taken;
    } else {
      ++merged.present;
      if (own.front().outcome.network != row.outcome.network) ++merged.differing;
    }
  }
  transaction.commit();
  return merged;
}

bool StudyResults::has(const StudyCell& cell) const {
  Statement found(*database_,
                  "SELECT 1 FROM cell JOIN settings ON settings.id = cell.settings" + where_cell());
  return found.bind_list(cell_key(cell)).next();
}

std::vector<StudyRow> StudyResults::of(const std::vector<StudyCell>& cells) const {
  Statement found(*database_, select_rows() + where_cell());
  std::vector<StudyRow> rows;
  for (const StudyCell& cell : cells) {
    found.bind_list(cell_key(cell));
    while (found.next()) rows.push_back(row_of(*database_, found));
  }
  return rows;
}

std::vector<StudyRow> study_rows(const std::string& file) {
  const Database database = existing_results(file);
  Statement found(database, select_rows() + " ORDER BY cell.id");
  std::vector<StudyRow> rows;
  while (found.next()) rows.push_back(row_of(database, found));
  return rows;
}

}  // namespace ncprune
