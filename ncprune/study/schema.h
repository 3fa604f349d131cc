#pragma once

#include <string>

#include "ncprune/study/row_fields.h"
#include "ncprune/study/sqlite.h"

namespace ncprune {

// The tables of a study's database (docs/studies.md); those of rows follow from row_fields.h.

// Makes the tables where there are none. Throws InputError when there are another program's, or
// those of another format.
void make_tables(const Database& database);

// Opens a database for reading. Throws InputError when there is no such file or it holds no study's
// results.
Database existing_results(const std::string& file);

// "SELECT ... FROM ...": whole rows. The columns are the cell's id, its run (0: none), when it was
// done, and then row_fields() in their order, from kFirstField on.
std::string select_rows();
inline constexpr int kRunColumn = 1;
inline constexpr int kFinishedColumn = 2;
inline constexpr int kFirstField = 3;

// " WHERE ...": the row of one cell, among `cell` joined with `settings`; cell_key() binds it.
std::string where_cell();
std::vector<SqlValue> cell_key(const StudyCell& cell);

// What SQLite keeps of a field, and back. set_value() throws nlohmann's exceptions.
SqlValue value_of(const RowField& field, const StudyRow& row);
void set_value(const RowField& field, StudyRow& row, const Statement& found, int column);

// Adds a row to `table` with values by the names of their columns.
struct NamedValue {
  std::string column;
  SqlValue value;
};
void insert(const Database& database, const std::string& table,
            const std::vector<NamedValue>& values);

// The id of the row of `table` with these values, which is made if it is missing.
int64_t id_of(const Database& database, const std::string& table,
              const std::vector<NamedValue>& values);

}  // namespace ncprune
