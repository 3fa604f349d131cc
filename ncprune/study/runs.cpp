#include "ncprune/study/runs.h"

#include <fmt/format.h>
#include <signal.h>
#include <torch/version.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "ncprune/base/runtime.h"
#include "ncprune/study/schema.h"
#include "ncprune/version.h"

namespace ncprune {
namespace {

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

}  // namespace

int64_t begin_run(const Database& database, const RunRecord& run) {
  Statement(database,
            "INSERT INTO run(grid, command, settings, version, libraries, host, processor, "
            "process, jobs, threads, cells, started) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, datetime('now'))")
      .bind(run.grid, run.command, run.settings, std::string(NCPRUNE_VERSION),
            fmt::format("LibTorch {}, SQLite {}", TORCH_VERSION, sqlite3_libversion()), host_name(),
            processor_name(), static_cast<int64_t>(getpid()), run.jobs,
            static_cast<int64_t>(thread_count()), run.cells)
      .run();
  return database.last_id();
}

void finish_run(const Database& database, int64_t id) {
  Statement(database, "UPDATE run SET finished = datetime('now') WHERE id = ?1").bind(id).run();
}

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

std::vector<RunStatus> study_status(const std::string& file) {
  const Database database = existing_results(file);
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
