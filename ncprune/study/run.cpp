#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <random>

#include "ncprune/base/error.h"
#include "ncprune/base/progress.h"
#include "ncprune/base/runtime.h"
#include "ncprune/base/spec.h"
#include "ncprune/distributed/launch.h"
#include "ncprune/report/tracker.h"
#include "ncprune/study/crew.h"
#include "ncprune/study/local_workers.h"
#include "ncprune/study/remaining.h"
#include "ncprune/study/study.h"
#include "ncprune/study/worker.h"

namespace ncprune {
namespace {

// Training a dense network takes about as long as ten cells.
constexpr int64_t kTrainingCells = 10;
constexpr int kStoreSeconds = 120;  // a launcher starts its store before its processes

std::vector<StudyCell> flat(const std::vector<NetworkCells>& networks) {
  std::vector<StudyCell> cells;
  for (const NetworkCells& network : networks) {
    for (const CellGroup& group : network.groups) {
      cells.insert(cells.end(), group.begin(), group.end());
    }
  }
  return cells;
}

// The visitor and progress display, which only this process uses.
struct Watch {
  const NetworkVisitor& visit;
  Progress& progress;
};

void run_here(const CrewWork& work, KeptNetworks& kept, const CrewResults& results,
              const Watch& watch) {
  StudyWorker worker(work.study);
  while (const std::optional<CellSchedule::Task> task = work.schedule.next(0)) {
    const NetworkCells& network = work.networks[task->network];
    const bool read = !task->first && kept.has(task->network);
    if (task->first) {
      watch.progress.set_label(
          fmt::format("{} seed {}: training", network.network.data, network.network.seed));
      watch.progress.advance(0);
    }
    const auto [bytes, where] =
        read ? kept.get(task->network) : std::pair<std::string, std::string>{};
    worker.take(network.network, bytes, where, wanted_methods(network.groups));
    // Without a folder no other process needs the network, and this one has it.
    if (task->first) results.trained(task->network, kept.on_disk() ? worker.dense() : "");
    worker.run(task->cells, [&](const StudyRow& row, const Network& made) {
      if (watch.visit) watch.visit(row, made);
      results.row(row);
    });
    work.schedule.finished(0);
  }
}

// Logs each cell as a run; the step is the sparsity in percent.
void track(const std::string& tracker, const StudyRow& row) {
  const StudyCell& cell = row.cell;
  const auto run = start_tracking(tracker,
                                  fmt::format("{},{},seed {}/{}/{}", cell.data, cell.imbalance,
                                              cell.seed, cell.method, cell.treatment),
                                  {{"data", cell.data},
                                   {"imbalance", cell.imbalance},
                                   {"seed", std::to_string(cell.seed)},
                                   {"method", cell.method},
                                   {"treatment", cell.treatment},
                                   {"sparsity", fmt::format("{}", cell.sparsity)}});
  const ClassMetrics& clean = row.outcome.result.clean;
  constexpr double kPercent = 100;
  run->log(std::llround(kPercent * cell.sparsity), {{"balanced_accuracy", clean.balanced_accuracy},
                                                    {"minority_recall", minority_recall(row)},
                                                    {"worst_recall", clean.worst_recall},
                                                    {"overall_accuracy", clean.overall_accuracy}});
}

// The name must be hard to guess, to keep other users of this machine out of the store.
std::string random_job() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

// Hands out the tasks to a launcher's processes and to `how.jobs` processes on this machine.
void run_in_crew(const CrewWork& work, const StudyRun& how, const std::optional<Launch>& launch,
                 CrewResults results) {
  const std::string job = launch ? launch->job : random_job();
  Store store = launch && launch->served
                    ? Store::join(launch->host, launch->port, job, kStoreSeconds)
                    : Store::serve(launch ? launch->port : 0, job);
  LocalWorkers workers(
      how.worker,
      {fmt::format("NCPRUNE_STUDY=127.0.0.1 {} {} {}", store.port(), job, getpid()),
       fmt::format("OMP_NUM_THREADS={}", std::max<int64_t>(1, thread_count() / how.jobs))},
      how.jobs);
  results.ended = [&] { return workers.ended(/*others=*/launch.has_value()); };
  const int64_t ranks = launch ? launch->size - 1 + how.jobs : 0;
  lead_crew(store, work, results, ranks);
}

}  // namespace

std::vector<StudyRow> run_study(const Study& study, const StudyRun& how) {
  require_valid(study);  // refuses bad values before the first network is trained
  const std::optional<Launch> launch = launch_from_environment();
  if (launch && launch->rank > 0) {
    join_crew(launch->host, launch->port, launch->job, /*leader=*/0);
    return {};
  }
  StudyResults rows(how.results);
  const std::vector<NetworkCells> networks = cells_of(study);
  KeptNetworks kept(study, how.networks);
  const Remaining to_run = remaining(study, rows, kept);
  const StudySize size = to_run.size();
  if (size.cells == 0) return rows.of(flat(networks));
  rows.begin({how.file, how.command, study_settings(study), size.cells, how.jobs});
  Progress progress("study", size.cells + kTrainingCells * size.networks);
  CrewResults results;
  results.row = [&](const StudyRow& row) {
    rows.add(row);
    if (!how.tracker.empty()) track(how.tracker, row);
    progress.set_label(
        fmt::format("{} {} {:g} %", row.cell.data, row.cell.method, 100 * row.cell.sparsity));
    progress.advance();
  };
  results.trained = [&](size_t n, const std::string& bytes) {
    kept.keep(n, bytes);
    progress.advance(kTrainingCells);
  };
  results.dense = [&](size_t n) { return kept.get(n); };
  CellSchedule schedule(to_run.networks, to_run.kept);
  const CrewWork work{study, to_run.networks, schedule};
  if (how.jobs == 1 && !launch) {
    run_here(work, kept, results, {how.visit, progress});
  } else {
    run_in_crew(work, how, launch, results);
  }
  rows.finish();
  return rows.of(flat(networks));
}

void join_study() {
  const char* place = std::getenv("NCPRUNE_STUDY");
  const std::vector<std::string> parts = split(place == nullptr ? "" : place, ' ');
  if (parts.size() != 4) {
    throw InputError(
        "$NCPRUNE_STUDY is not HOST PORT JOB LEADER; a study sets it for the processes it starts");
  }
  constexpr int64_t kMaxPort = 65535;
  constexpr int64_t kMaxProcess = 1 << 30;
  const int64_t port = parse_integers(parts[1], "$NCPRUNE_STUDY", 1, kMaxPort).at(0);
  const int64_t leader = parse_integers(parts[3], "$NCPRUNE_STUDY", 1, kMaxProcess).at(0);
  join_crew(parts[0], static_cast<uint16_t>(port), parts[2], leader);
}

}  // namespace ncprune
