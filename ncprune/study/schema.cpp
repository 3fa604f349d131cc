#include "ncprune/study/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

constexpr int64_t kApplication = 0x6e637072;  // "ncpr"
constexpr int64_t kVersion = 3;

using Texts = std::vector<std::string>;

// Joins `columns` into indented lines of at most 100 characters, for people who read the schema.
std::string schema_lines(const Texts& columns) {
  constexpr size_t kMaxLine = 100;
  std::string text = " ";
  size_t length = 1;
  for (size_t i = 0; i < columns.size(); ++i) {
    const std::string column = " " + columns[i] + (i + 1 < columns.size() ? "," : "");
    if (length > 1 && length + column.size() > kMaxLine) {
      text += "\n ";
      length = 1;
    }
    text += column;
    length += column.size();
  }
  return text;
}

// `first`, followed by the names of the fields for which `wanted` holds.
template <typename Wanted>
Texts names_of(Texts first, const Wanted& wanted) {
  for (const RowField& field : row_fields()) {
    if (wanted(field)) first.push_back(field.name);
  }
  return first;
}

std::string definition(const RowField& field) {
  const bool always = field.asked || field.in_problem();
  return fmt::format("{} {}{}", field.name, field.sql_type, always ? " NOT NULL" : "");
}

std::string unique(const Texts& columns) {
  return fmt::format("UNIQUE({})", fmt::join(columns, ", "));
}

std::string problem_columns() {
  Texts columns{"id INTEGER PRIMARY KEY"};
  for (const RowField& field : row_fields()) {
    if (field.in_problem()) columns.push_back(definition(field));
  }
  columns.push_back(unique(names_of({}, [](const RowField& f) { return f.in_problem(); })));
  return schema_lines(columns);
}

std::string cell_columns() {
  Texts columns{"id INTEGER PRIMARY KEY", "run INTEGER REFERENCES run",
                "settings INTEGER NOT NULL REFERENCES settings",
                "problem INTEGER NOT NULL REFERENCES problem"};
  for (const RowField& field : row_fields()) {
    if (field.in_cell()) columns.push_back(definition(field));
  }
  columns.emplace_back("finished TEXT NOT NULL");
  columns.push_back(unique(names_of({"settings"}, [](const RowField& f) { return f.is_key(); })));
  return schema_lines(columns);
}

std::string outcome_columns() {
  Texts columns;
  for (const AverageField& average : average_fields()) columns.push_back(average.name + " REAL");
  columns.emplace_back("right BLOB");
  columns.emplace_back("PRIMARY KEY(cell, part)");
  return schema_lines(columns);
}

std::string part_names() {
  Texts names;
  for (const RowPart& part : row_parts()) names.push_back(fmt::format("'{}'", part.name));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string class_columns() {
  Texts columns;
  for (const ClassField& field : class_fields()) columns.push_back(field.name + " REAL");
  columns.emplace_back("PRIMARY KEY(cell, part, class)");
  return schema_lines(columns);
}

std::string outcome_table() {
  return fmt::format(R"sql(
CREATE TABLE outcome(
  cell INTEGER NOT NULL REFERENCES cell ON DELETE CASCADE,
  part TEXT NOT NULL CHECK(part IN ({})),
{});
)sql",
                     part_names(), outcome_columns());
}

// Shares are in [0, 1] and times are UTC. Values for which SQLite has no type are JSON.
std::string all_tables() {
  return fmt::format(R"sql(
CREATE TABLE run(
  id INTEGER PRIMARY KEY, grid TEXT NOT NULL, command TEXT NOT NULL, settings TEXT NOT NULL,
  version TEXT NOT NULL, libraries TEXT NOT NULL, host TEXT NOT NULL, processor TEXT NOT NULL,
  process INTEGER NOT NULL, jobs INTEGER NOT NULL, threads INTEGER NOT NULL,
  cells INTEGER NOT NULL, started TEXT NOT NULL, finished TEXT);
CREATE TABLE settings(id INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE);
CREATE TABLE problem(
{});
CREATE TABLE cell(
{});
{}CREATE TABLE recall(
  cell INTEGER NOT NULL REFERENCES cell ON DELETE CASCADE, part TEXT NOT NULL,
  class INTEGER NOT NULL,
{}) WITHOUT ROWID;
)sql",
                     problem_columns(), cell_columns(), outcome_table(), class_columns());
}

// Version 1: the finish had another name, and there were neither values beside recall per class nor
// a common operating point.
void upgrade_from_1(const Database& database) {
  database.run(R"sql(
ALTER TABLE cell RENAME COLUMN batch_norm TO finish;
ALTER TABLE cell ADD COLUMN shift REAL;
ALTER TABLE recall ADD COLUMN auroc REAL;
ALTER TABLE recall ADD COLUMN average_precision REAL;
ALTER TABLE outcome RENAME TO outcome_before;
)sql" + outcome_table());
  Texts columns{"cell", "part", "right"};
  for (const AverageField& average : average_fields()) columns.push_back(average.name);
  const std::string list = fmt::format("{}", fmt::join(columns, ", "));
  database.run(fmt::format(
      "INSERT INTO outcome({0}) SELECT {0} FROM outcome_before; DROP TABLE outcome_before", list));
}

// Version 2: no resampled scores. Recognised samples at the common operating point were kept, which
// say nothing of how uncertain that point is.
void upgrade_from_2(const Database& database) {
  for (const RowField& field : row_fields()) {
    if (!field.name.starts_with("resampled_")) continue;
    database.run(fmt::format("ALTER TABLE cell ADD COLUMN {} DEFAULT '[]'", definition(field)));
  }
  database.run("UPDATE outcome SET right = NULL WHERE part = 'common'");
}

int64_t pragma(const Database& database, const std::string& name) {
  Statement statement(database, "PRAGMA " + name);
  statement.next();
  return statement.integer(0);
}

void upgrade(const Database& database) {
  if (pragma(database, "user_version") == 1) upgrade_from_1(database);
  upgrade_from_2(database);
  database.run(fmt::format("PRAGMA user_version = {}", kVersion));
}

// Whether the database has a study's tables. Throws InputError when it has other tables or another
// format.
bool has_tables(const Database& database) {
  if (pragma(database, "application_id") == kApplication) {
    const int64_t version = pragma(database, "user_version");
    if (version >= 1 && version <= kVersion) return true;
    throw InputError(fmt::format("{}: holds study results in format {}; wanted format 1 to {}",
                                 database.name(), version, kVersion));
  }
  Statement tables(database, "SELECT count(*) FROM sqlite_master");
  tables.next();
  if (tables.integer(0) == 0) return false;
  throw InputError(
      fmt::format("{}: is another program's database; wanted study results", database.name()));
}

// "?1", "?2", ..., or with `named` "COLUMN = ?1", ...
Texts marks(const std::vector<NamedValue>& values, bool named) {
  Texts all;
  for (size_t i = 0; i < values.size(); ++i) {
    all.push_back(named ? fmt::format("{} = ?{}", values[i].column, i + 1)
                        : fmt::format("?{}", i + 1));
  }
  return all;
}

void insert_by(const Database& database, const std::string& how, const std::string& table,
               const std::vector<NamedValue>& values) {
  Texts columns;
  std::vector<SqlValue> bound;
  for (const auto& [column, value] : values) {
    columns.push_back(column);
    bound.push_back(value);
  }
  Statement(database, fmt::format("{} INTO {}({}) VALUES ({})", how, table,
                                  fmt::join(columns, ", "), fmt::join(marks(values, false), ", ")))
      .bind_list(bound)
      .run();
}

}  // namespace

void make_tables(const Database& database) {
  Transaction transaction(database);
  if (has_tables(database)) {  // another process may have made or upgraded them first
    if (pragma(database, "user_version") == kVersion) return;
    upgrade(database);
  } else {
    database.run(all_tables());
    database.run(fmt::format("PRAGMA application_id = {}", kApplication));
    database.run(fmt::format("PRAGMA user_version = {}", kVersion));
  }
  transaction.commit();
}

Database existing_results(const std::string& file) {
  if (!std::filesystem::exists(file)) throw InputError(file + ": no such file");
  Database database(file);
  if (!has_tables(database)) throw InputError(file + ": does not hold study results");
  if (pragma(database, "user_version") == kVersion) return database;
  Database copy = database.in_memory();
  upgrade(copy);
  return copy;
}

std::string select_rows() {
  Texts columns;
  for (const RowField& field : row_fields()) {
    columns.push_back(field.table == FieldTable::kSettings
                          ? "settings.json"
                          : (field.in_cell() ? "cell." : "problem.") + field.name);
  }
  return fmt::format(
      "SELECT cell.id, coalesce(run, 0), finished, {} FROM cell JOIN settings ON "
      "settings.id = cell.settings JOIN problem ON problem.id = cell.problem",
      fmt::join(columns, ", "));
}

std::string where_cell() {
  Texts conditions{"settings.json = ?1"};
  for (const RowField& field : row_fields()) {
    if (!field.is_key()) continue;
    conditions.push_back(fmt::format("cell.{} = ?{}", field.name, conditions.size() + 1));
  }
  return fmt::format(" WHERE {}", fmt::join(conditions, " AND "));
}

std::vector<SqlValue> cell_key(const StudyCell& cell) {
  std::vector<SqlValue> key{cell.settings};
  const StudyRow row{cell, {}};
  for (const RowField& field : row_fields()) {
    if (field.is_key()) key.push_back(value_of(field, row));
  }
  return key;
}

SqlValue value_of(const RowField& field, const StudyRow& row) {
  const Json value = field.get(row);
  if (field.sql_type == "INTEGER") {
    return value.is_boolean() ? static_cast<int64_t>(value.get<bool>()) : value.get<int64_t>();
  }
  if (field.sql_type == "REAL") return value.get<double>();
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void set_value(const RowField& field, StudyRow& row, const Statement& found, int column) {
  if (field.sql_type == "INTEGER") {
    field.set(row, found.integer(column));
  } else if (field.sql_type == "REAL") {
    field.set(row, found.number(column));
  } else {
    field.set(row, found.text(column));
  }
}

void insert(const Database& database, const std::string& table,
            const std::vector<NamedValue>& values) {
  insert_by(database, "INSERT", table, values);
}

int64_t id_of(const Database& database, const std::string& table,
              const std::vector<NamedValue>& values) {
  insert_by(database, "INSERT OR IGNORE", table, values);
  std::vector<SqlValue> bound;
  bound.reserve(values.size());
  for (const NamedValue& value : values) bound.push_back(value.value);
  Statement found(database, fmt::format("SELECT id FROM {} WHERE {}", table,
                                        fmt::join(marks(values, true), " AND ")));
  found.bind_list(bound).next();
  return found.integer(0);
}

}  // namespace ncprune
