#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ncprune {

// SQLite's C interface with ownership and exceptions. All functions throw InputError, naming the
// file, when SQLite reports an error.
class Database;

// The value of a column; the last alternative is bytes or NULL.
using SqlValue = std::variant<int64_t, double, std::string, std::optional<std::string>>;

// A prepared statement, which can be run repeatedly.
class Statement {
 public:
  Statement(const Database& database, const std::string& sql);

  // Resets the statement and binds the values to ?1, ?2, ... in order. NaN is stored as NULL.
  template <typename... Values>
  Statement& bind(const Values&... values) {
    sqlite3_reset(statement_.get());
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }
  Statement& bind_list(const std::vector<SqlValue>& values);

  // Moves to the next row; false when there is none.
  bool next();

  // Runs to the end and ignores the rows.
  void run() {
    while (next()) {
    }
  }

  // Columns of the current row.
  int64_t integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }
  double number(int column) const;  // NULL is NaN
  std::string text(int column) const;
  bool is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  void bind_one(int index, int64_t value);
  void bind_one(int index, double value);
  void bind_one(int index, const std::string& value);
  void bind_one(int index, const std::optional<std::string>& blob);  // bytes, or NULL

  const Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  // Opens `file` or makes it if missing; empty: in memory.
  explicit Database(const std::string& file);

  // Puts the file in WAL mode permanently, so that writers do not wait for readers.
  void write_ahead() const;

  // A copy in memory, which has the file's name in messages.
  Database in_memory() const;

  void run(const std::string& sql) const;
  int64_t last_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
  // Throws InputError unless SQLite's result code `code` means success.
  void require(int code) const;
  const std::string& name() const { return file_; }  // for messages
  sqlite3* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::string file_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// A transaction: the destructor undoes all changes since construction unless commit() was called.
class Transaction {
 public:
  explicit Transaction(const Database& database) : database_(database) {
    database_.run("BEGIN IMMEDIATE");
  }
  ~Transaction() {
    if (!done_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    database_.run("COMMIT");
    done_ = true;
  }

 private:
  const Database& database_;
  bool done_ = false;
};

}  // namespace ncprune
