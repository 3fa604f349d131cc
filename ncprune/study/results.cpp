#include "ncprune/study/results.h"

#include <fmt/format.h>
#include <signal.h>
#include <torch/version.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/base/runtime.h"
#include "ncprune/study/sqlite.h"

namespace ncprune {
namespace {

constexpr int64_t kApplication = 0x6e637072;  // "ncpr"
constexpr int64_t kVersion = 1;

// Shares lie in [0, 1]; times are UTC; JSON where SQLite has no type.
constexpr const char* kTables = R"sql(
CREATE TABLE run(
  id INTEGER PRIMARY KEY, grid TEXT NOT NULL, command TEXT NOT NULL, settings TEXT NOT NULL,
  version TEXT NOT NULL, libraries TEXT NOT NULL, host TEXT NOT NULL, processor TEXT NOT NULL,
  process INTEGER NOT NULL, jobs INTEGER NOT NULL, threads INTEGER NOT NULL,
  cells INTEGER NOT NULL, started TEXT NOT NULL, finished TEXT);
CREATE TABLE settings(id INTEGER PRIMARY KEY, json TEXT NOT NULL UNIQUE);
CREATE TABLE problem(
  id INTEGER PRIMARY KEY, data TEXT NOT NULL, imbalance TEXT NOT NULL, seed INTEGER NOT NULL,
  classes TEXT NOT NULL, class_counts TEXT NOT NULL, minority TEXT NOT NULL, tested TEXT NOT NULL,
  UNIQUE(data, imbalance, seed, classes, class_counts, minority, tested));
CREATE TABLE cell(
  id INTEGER PRIMARY KEY, run INTEGER REFERENCES run, settings INTEGER NOT NULL REFERENCES settings,
  problem INTEGER NOT NULL REFERENCES problem, data TEXT NOT NULL, imbalance TEXT NOT NULL,
  seed INTEGER NOT NULL, method TEXT NOT NULL, treatment TEXT NOT NULL, sparsity REAL NOT NULL,
  repair TEXT NOT NULL, head TEXT NOT NULL, batch_norm TEXT NOT NULL, finetuned INTEGER NOT NULL,
  sparsity_reached REAL, seconds REAL, parameters INTEGER, nonzero INTEGER, macs INTEGER,
  network_sha256 TEXT, finished TEXT NOT NULL,
  UNIQUE(settings, data, imbalance, seed, method, treatment, sparsity));
CREATE TABLE outcome(
  cell INTEGER NOT NULL REFERENCES cell ON DELETE CASCADE,
  part TEXT NOT NULL CHECK(part IN ('test', 'noisy test', 'validation')),
  balanced_accuracy REAL, minority_recall REAL, overall_accuracy REAL, worst_recall REAL,
  macro_f1 REAL, g_mean REAL, right BLOB, PRIMARY KEY(cell, part));
CREATE TABLE recall(
  cell INTEGER NOT NULL REFERENCES cell ON DELETE CASCADE, part TEXT NOT NULL,
  class INTEGER NOT NULL, recall REAL,
  PRIMARY KEY(cell, part, class)) WITHOUT ROWID;
)sql";

// The columns that make a row, in the order in which row_of() reads them; then the row's run, 0 for
// none, and when it was done.
constexpr const char* kSelect = R"sql(
SELECT cell.id, cell.data, cell.imbalance, cell.seed, method, treatment, sparsity, repair, head,
  batch_norm, finetuned, sparsity_reached, seconds, parameters, nonzero, macs, network_sha256,
  settings.json, classes, class_counts, minority, tested,
  coalesce(run, 0), finished
FROM cell JOIN settings ON settings.id = cell.settings JOIN problem ON problem.id = cell.problem
)sql";

constexpr const char* kThisCell =
    "WHERE cell.data = ?1 AND cell.imbalance = ?2 AND cell.seed = ?3 AND method = ?4 AND "
    "treatment = ?5 AND sparsity = ?6 AND settings.json = ?7";

int64_t pragma(const Database& database, const std::string& name) {
  Statement statement(database, "PRAGMA " + name);
  statement.next();
  return statement.integer(0);
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

// Whether there are a study's tables. Throws InputError when there are others, or newer ones.
bool has_tables(const Database& database, const std::string& file) {
  if (pragma(database, "application_id") == kApplication) {
    const int64_t version = pragma(database, "user_version");
    if (version == kVersion) return true;
    throw InputError(fmt::format("{}: is a study's results in format {}; wanted format {}", file,
                                 version, kVersion));
  }
  Statement tables(database, "SELECT count(*) FROM sqlite_master");
  tables.next();
  if (tables.integer(0) == 0) return false;
  throw InputError(fmt::format("{}: is another program's database; wanted study results", file));
}

void make_tables(const Database& database, const std::string& file) {
  Transaction transaction(database);
  if (has_tables(database, file)) return;  // another process was faster
  database.run(kTables);
  database.run(fmt::format("PRAGMA application_id = {}", kApplication));
  database.run(fmt::format("PRAGMA user_version = {}", kVersion));
  transaction.commit();
}

// The id of the row of `table` with these values, which is made if it is missing.
template <typename... Values>
int64_t id_of(const Database& database, const std::string& table, const std::string& columns,
              const std::string& marks, const std::string& where, const Values&... values) {
  Statement(database,
            fmt::format("INSERT OR IGNORE INTO {}({}) VALUES ({})", table, columns, marks))
      .bind(values...)
      .run();
  Statement found(database, fmt::format("SELECT id FROM {} WHERE {}", table, where));
  found.bind(values...).next();
  return found.integer(0);
}

void add_outcome(const Database& database, int64_t cell, const std::string& part,
                 const ClassMetrics& metrics, const StudyRow& row, const std::string& right) {
  Statement(database, "INSERT INTO outcome VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
      .bind(cell, part, metrics.balanced_accuracy, mean_recall(metrics, row.classes.minority),
            metrics.overall_accuracy, metrics.worst_recall, metrics.macro_f1, metrics.g_mean,
            right.empty() ? std::optional<std::string>() : right)
      .run();
  Statement recall(database, "INSERT INTO recall VALUES (?1, ?2, ?3, ?4)");
  for (size_t c = 0; c < metrics.recall.size(); ++c) {
    recall.bind(cell, part, static_cast<int64_t>(c), metrics.recall[c]).run();
  }
}

// What add_outcome() put there; the confusion is not kept.
void read_outcomes(const Database& database, int64_t cell, StudyRow& row) {
  Statement outcome(database,
                    "SELECT part, balanced_accuracy, overall_accuracy, worst_recall, macro_f1, "
                    "g_mean, right FROM outcome WHERE cell = ?1");
  outcome.bind(cell);
  while (outcome.next()) {
    ClassMetrics metrics;
    metrics.balanced_accuracy = outcome.number(1);
    metrics.overall_accuracy = outcome.number(2);
    metrics.worst_recall = outcome.number(3);
    metrics.macro_f1 = outcome.number(4);
    metrics.g_mean = outcome.number(5);
    const std::string part = outcome.text(0);
    Statement recall(database,
                     "SELECT recall FROM recall WHERE cell = ?1 AND part = ?2 ORDER BY class");
    recall.bind(cell, part);
    while (recall.next()) metrics.recall.push_back(recall.number(0));
    if (part == "validation") {
      row.validation = std::move(metrics);
    } else if (part == "test") {
      row.result.clean = std::move(metrics);
      row.right = outcome.text(6);
    } else {
      row.result.noisy = std::move(metrics);
      row.noisy_right = outcome.text(6);
    }
  }
}

std::vector<int64_t> integers(const Statement& found, int column) {
  return Json::parse(found.text(column)).get<std::vector<int64_t>>();
}

// Throws InputError when the row does not hold together.
StudyRow row_of(const Database& database, const Statement& found) {
  StudyRow row;
  row.data = found.text(1);
  row.imbalance = found.text(2);
  row.seed = found.integer(3);
  row.method = found.text(4);
  row.treatment = found.text(5);
  row.sparsity = found.number(6);
  row.repair = found.text(7);
  row.head = found.text(8);
  row.batch_norm = found.text(9);
  row.finetuned = found.integer(10) != 0;
  row.reached = found.number(11);
  row.seconds = found.number(12);
  row.parameters = found.integer(13);
  row.nonzero = found.integer(14);
  row.macs = found.integer(15);
  row.network = found.text(16);
  row.settings = found.text(17);
  try {
    if (!Json::parse(row.settings).is_object()) {
      throw InputError(database.name() + ": a row's settings are no JSON object");
    }
    row.classes.names = Json::parse(found.text(18)).get<std::vector<std::string>>();
    row.classes.counts = integers(found, 19);
    row.classes.minority = integers(found, 20);
    row.tested = integers(found, 21);
  } catch (const nlohmann::json::exception& error) {
    throw InputError(fmt::format("{}: a row is damaged: {}", database.name(), error.what()));
  }
  row.result.name = row.method;
  read_outcomes(database, found.integer(0), row);
  require_consistent(row, database.name());
  return row;
}

// The id in `into` of the run `id` of `from`, which is added if it is missing and brought up to
// date if it stands there; 0, no run, where `from` has no record of it.
int64_t copied_run(const Database& into, const Database& from, int64_t id) {
  Statement run(from,
                "SELECT host, process, started, grid, command, cells, jobs, threads, settings, "
                "version, libraries, processor, coalesce(finished, '') FROM run WHERE id = ?1");
  run.bind(id);
  if (!run.next()) return 0;
  const auto bind_identity = [&](Statement& statement, const auto&... others) -> Statement& {
    return statement.bind(run.text(0), run.integer(1), run.text(2), run.text(3), run.text(4),
                          run.integer(5), others...);
  };
  const std::string same =
      " WHERE (host, process, started, grid, command, cells) = (?1, ?2, ?3, ?4, ?5, ?6)";
  Statement found(into, "SELECT id FROM run" + same);
  if (!bind_identity(found).next()) {
    Statement added(into,
                    "INSERT INTO run(host, process, started, grid, command, cells, jobs, threads, "
                    "settings, version, libraries, processor) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
    bind_identity(added, run.integer(6), run.integer(7), run.text(8), run.text(9), run.text(10),
                  run.text(11))
        .run();
    bind_identity(found).next();
  }
  Statement brought_up(into, "UPDATE run SET finished = coalesce(nullif(?7, ''), finished)" + same);
  bind_identity(brought_up, run.text(12)).run();
  return found.integer(0);
}

Database existing(const std::string& file) {
  if (!std::filesystem::exists(file)) throw InputError(file + ": no such file");
  Database database(file);
  if (!has_tables(database, file)) throw InputError(file + ": holds no study's results");
  return database;
}

}  // namespace

StudyResults::StudyResults(const std::string& file) : database_(std::make_unique<Database>(file)) {
  make_tables(*database_, file);
}

StudyResults::~StudyResults() = default;

void StudyResults::begin(const RunRecord& run) {
  database_->write_ahead();
  Statement(*database_,
            "INSERT INTO run(grid, command, settings, version, libraries, host, processor, "
            "process, jobs, threads, cells, started) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, datetime('now'))")
      .bind(run.grid, run.command, run.settings, std::string(NCPRUNE_VERSION),
            fmt::format("LibTorch {}, SQLite {}", TORCH_VERSION, sqlite3_libversion()), host_name(),
            processor_name(), static_cast<int64_t>(getpid()), run.jobs,
            static_cast<int64_t>(thread_count()), run.cells)
      .run();
  run_ = database_->last_id();
}

void StudyResults::finish() {
  Statement(*database_, "UPDATE run SET finished = datetime('now') WHERE id = ?1").bind(run_).run();
}

void StudyResults::add(const StudyRow& row) {
  Transaction transaction(*database_);
  put(row, run_, "");
  transaction.commit();
}

void StudyResults::put(const StudyRow& row, int64_t run, const std::string& finished) {
  const int64_t settings = id_of(*database_, "settings", "json", "?1", "json = ?1", row.settings);
  const int64_t problem = id_of(
      *database_, "problem", "data, imbalance, seed, classes, class_counts, minority, tested",
      "?1, ?2, ?3, ?4, ?5, ?6, ?7",
      "data = ?1 AND imbalance = ?2 AND seed = ?3 AND classes = ?4 AND class_counts = ?5 AND "
      "minority = ?6 AND tested = ?7",
      row.data, row.imbalance, row.seed, Json(row.classes.names).dump(),
      Json(row.classes.counts).dump(), Json(row.classes.minority).dump(), Json(row.tested).dump());
  Statement(*database_,
            "DELETE FROM cell WHERE settings = ?1 AND data = ?2 AND imbalance = ?3 AND seed = ?4 "
            "AND method = ?5 AND treatment = ?6 AND sparsity = ?7")
      .bind(settings, row.data, row.imbalance, row.seed, row.method, row.treatment, row.sparsity)
      .run();
  Statement(*database_,
            "INSERT INTO cell VALUES (NULL, NULLIF(?1, 0), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
            "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, "
            "coalesce(nullif(?20, ''), datetime('now')))")
      .bind(run, settings, problem, row.data, row.imbalance, row.seed, row.method, row.treatment,
            row.sparsity, row.repair, row.head, row.batch_norm, static_cast<int64_t>(row.finetuned),
            row.reached, row.seconds, row.parameters, row.nonzero, row.macs, row.network, finished)
      .run();
  const int64_t cell = database_->last_id();
  add_outcome(*database_, cell, "test", row.result.clean, row, row.right);
  if (row.result.noisy) {
    add_outcome(*database_, cell, "noisy test", *row.result.noisy, row, row.noisy_right);
  }
  if (row.validation) {
    add_outcome(*database_, cell, "validation", *row.validation, row, "");
  }
}

Merged StudyResults::merge(const std::string& file) {
  const Database other = existing(file);
  Statement found(other, std::string(kSelect) + "ORDER BY cell.id");
  Merged merged;
  Transaction transaction(*database_);
  while (found.next()) {
    const StudyRow row = row_of(other, found);
    const std::vector<StudyRow> own = of({row});
    if (own.empty()) {
      put(row, copied_run(*database_, other, found.integer(22)), found.text(23));
      ++merged.taken;
    } else {
      ++merged.present;
      if (own.front().network != row.network) ++merged.differing;
    }
  }
  transaction.commit();
  return merged;
}

bool StudyResults::has(const StudyRow& cell) const {
  Statement found(
      *database_,
      std::string("SELECT 1 FROM cell JOIN settings ON settings.id = cell.settings ") + kThisCell);
  return found
      .bind(cell.data, cell.imbalance, cell.seed, cell.method, cell.treatment, cell.sparsity,
            cell.settings)
      .next();
}

std::vector<StudyRow> StudyResults::of(const std::vector<StudyRow>& cells) const {
  Statement found(*database_, std::string(kSelect) + kThisCell);
  std::vector<StudyRow> rows;
  for (const StudyRow& cell : cells) {
    found.bind(cell.data, cell.imbalance, cell.seed, cell.method, cell.treatment, cell.sparsity,
               cell.settings);
    while (found.next()) rows.push_back(row_of(*database_, found));
  }
  return rows;
}

std::vector<StudyRow> study_rows(const std::string& file) {
  const Database database = existing(file);
  Statement found(database, std::string(kSelect) + "ORDER BY cell.id");
  std::vector<StudyRow> rows;
  while (found.next()) rows.push_back(row_of(database, found));
  return rows;
}

std::vector<RunStatus> study_status(const std::string& file) {
  const Database database = existing(file);
  Statement run(database, R"sql(
SELECT grid, command, host, version, started, jobs, cells, finished, process,
  (SELECT count(*) FROM cell WHERE cell.run = run.id),
  unixepoch(coalesce((SELECT max(finished) FROM cell WHERE cell.run = run.id), started)),
  unixepoch(started), unixepoch('now'),
  (SELECT format('%s, %s, seed %d, %s, %s, %g %%', data, imbalance, seed, method, treatment,
                 100 * sparsity) FROM cell WHERE cell.run = run.id ORDER BY id DESC LIMIT 1)
FROM run ORDER BY id)sql");
  std::vector<RunStatus> all;
  while (run.next()) {
    const int64_t last = run.integer(10);
    const bool here = run.text(2) == host_name();
    constexpr int64_t kSilence = 600;
    const bool alive =
        here ? kill(static_cast<pid_t>(run.integer(8)), 0) == 0 : run.integer(12) - last < kSilence;
    const std::string state = !run.is_null(7) ? "done" : alive ? "running" : "interrupted";
    all.push_back({run.text(0), run.text(1), run.text(2), run.text(3), run.text(4), state,
                   run.integer(5), run.integer(6), run.integer(9),
                   static_cast<double>(last - run.integer(11)), run.text(13)});
  }
  return all;
}

}  // namespace ncprune
