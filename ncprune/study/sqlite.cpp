#include "ncprune/study/sqlite.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "ncprune/base/error.h"

namespace ncprune {

Database::Database(const std::string& file) : file_(file.empty() ? ":memory:" : file) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(file_.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  require(code);
  sqlite3_busy_timeout(handle, 60'000);  // another process is writing
  // A crash of the program loses nothing; a crash of the machine loses the last cells.
  run("PRAGMA synchronous = NORMAL");
  run("PRAGMA foreign_keys = ON");
}

void Database::write_ahead() const {
  run("PRAGMA journal_mode = WAL");
}

Database Database::in_memory() const {
  Database copy("");
  copy.file_ = file_;
  sqlite3_backup* backup = sqlite3_backup_init(copy.handle(), "main", handle(), "main");
  if (backup != nullptr) {
    sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
  }
  copy.require(sqlite3_errcode(copy.handle()));
  return copy;
}

void Database::require(int code) const {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  const char* message = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  throw InputError(fmt::format("{}: {}; wanted a database of study results", file_, message));
}

void Database::run(const std::string& sql) const {
  require(sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr));
}

Statement::Statement(const Database& database, const std::string& sql) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  database_.require(sqlite3_prepare_v2(database.handle(), sql.c_str(), -1, &statement, nullptr));
  statement_.reset(statement);
}

Statement& Statement::bind_list(const std::vector<SqlValue>& values) {
  sqlite3_reset(statement_.get());
  int index = 0;
  for (const SqlValue& value : values) {
    ++index;
    std::visit([&](const auto& held) { bind_one(index, held); }, value);
  }
  return *this;
}

bool Statement::next() {
  const int code = sqlite3_step(statement_.get());
  if (code != SQLITE_ROW) sqlite3_reset(statement_.get());  // a finished reader holds no lock
  database_.require(code);
  return code == SQLITE_ROW;
}

double Statement::number(int column) const {
  if (is_null(column)) return std::numeric_limits<double>::quiet_NaN();
  return sqlite3_column_double(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int length = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr
             ? std::string()
             : std::string(static_cast<const char*>(bytes), static_cast<size_t>(length));
}

void Statement::bind_one(int index, int64_t value) {
  database_.require(sqlite3_bind_int64(statement_.get(), index, value));
}

void Statement::bind_one(int index, double value) {
  database_.require(std::isnan(value) ? sqlite3_bind_null(statement_.get(), index)
                                      : sqlite3_bind_double(statement_.get(), index, value));
}

void Statement::bind_one(int index, const std::string& value) {
  database_.require(sqlite3_bind_text64(statement_.get(), index, value.data(), value.size(),
                                        SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Statement::bind_one(int index, const std::optional<std::string>& blob) {
  database_.require(blob ? sqlite3_bind_blob64(statement_.get(), index, blob->data(), blob->size(),
                                               SQLITE_TRANSIENT)
                         : sqlite3_bind_null(statement_.get(), index));
}

}  // namespace ncprune
