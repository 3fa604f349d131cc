#pragma once

#include <string>

#include "ncprune/study/row_fields.h"
#include "ncprune/study/sqlite.h"

namespace ncprune {

// The tables of a study's database (docs/studies.md); row_fields.h determines the tables of rows.

// Makes the tables if the database is empty, and brings those of an older format to this one.
// Throws InputError when it holds another program's tables or tables of an unknown format.
void make_tables(const Database& database);

// Opens a database for reading. If its format is older, the result is a copy in memory in the
// present format. Throws InputError when there is no such file or it does not hold a study's
// results.
Database existing_results(const std::string& file);

// "SELECT ... FROM ..." for complete rows. The columns are the cell's id, its run (0: none), the
// time when it was done, and from kFirstField on row_fields() in their order.
std::string select_rows();
inline constexpr int kRunColumn = 1;
inline constexpr int kFinishedColumn = 2;
inline constexpr int kFirstField = 3;

// " WHERE ..." that selects one cell from `cell` joined with `settings`; cell_key() is its values.
std::string where_cell();
std::vector<SqlValue> cell_key(const StudyCell& cell);

// Convert a field to the value that SQLite stores, and back. set_value() throws nlohmann's
// exceptions.
SqlValue value_of(const RowField& field, const StudyRow& row);
void set_value(const RowField& field, StudyRow& row, const Statement& found, int column);

// Adds a row to `table`; each value is given with the name of its column.
struct NamedValue {
  std::string column;
  SqlValue value;
};
void insert(const Database& database, const std::string& table,
            const std::vector<NamedValue>& values);

// The id of the row of `table` with these values; the row is added if missing.
int64_t id_of(const Database& database, const std::string& table,
              const std::vector<NamedValue>& values);

}  // namespace ncprune
