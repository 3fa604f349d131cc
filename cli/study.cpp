#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/definitions.h"
#include "cli/files.h"
#include "cli/options.h"

namespace ncprune::cli {
namespace {

struct StudyCommand {
  std::string data_root;
  std::string json;
  std::string report;
  bool dry_run = false;
  bool league = false;
  std::string reference;
  StudyRun how;
};

void print_size(const Study& study, const StudyRun& how) {
  const StudySize size = study_size(study, how);
  fmt::print("{} networks to train, {} cells to evaluate", size.networks, size.cells);
  const int64_t done = study_size(study).cells - size.cells;
  fmt::print("{}\n", done > 0 ? fmt::format("; {} are already in {}", done, how.results) : "");
  if (size.cells == 0) return;
  const StudyEstimate cost = estimate(study, how);
  constexpr double kMegabyte = 1e6;
  fmt::print(
      "About {} of training and {} of evaluation on this machine, plus the time of pruning; "
      "{:.1f} MB on disk\n",
      duration_text(cost.training_seconds), duration_text(cost.evaluation_seconds),
      cost.bytes / kMegabyte);
  if (cost.without.empty()) return;
  fmt::print("(without {}: not found)\n", fmt::join(cost.without, ", "));
}

// "validation" stands for the best method on validation data.
std::string named(const std::string& reference) {
  return reference == "validation" ? "" : reference;
}

// Checked before hours of work.
void require_in_grid(const std::string& reference, const Study& study) {
  if (reference.empty()) return;
  const auto& methods = study.methods;
  const std::string name = named(reference);
  if (!name.empty() && std::find(methods.begin(), methods.end(), name) == methods.end()) {
    throw InputError(fmt::format("--rank {}: wanted 'validation' or one of {}", reference,
                                 fmt::join(methods, ", ")));
  }
  if (methods.size() > 1) return;
  throw InputError(
      fmt::format("--rank {}: the study has one method; wanted another to compare", reference));
}

void print_rankings(const std::vector<StudyRow>& rows, const std::string& reference) {
  for (const Ranking& ranking : rankings(rows, named(reference))) {
    fmt::print("{}{}\n\n", to_text(ranking_table(ranking)), ranking_caveat(ranking));
  }
}

void run_command(StudyCommand& options) {
  StudyRun& how = options.how;
  require_writable_all({options.json, options.report});
  Study study = read_study(how.file);
  if (!options.data_root.empty()) study.data_root = options.data_root;
  require_in_grid(options.reference, study);
  if (how.networks.empty() && !how.results.empty()) how.networks = how.results + ".networks";
  if (options.dry_run) {
    require_valid(study);
    print_size(study, how);
    return;
  }
  if (!how.results.empty()) require_writable(how.results);
  if (!how.tracker.empty()) require_tracker(how.tracker);
  how.command = command_line();
  how.worker = {"/proc/self/exe", "study", "join", "--quiet", "--device", device_name()};
  const std::vector<StudyRow> rows = run_study(study, how);
  if (rows.empty()) return;  // another rank of the job
  const auto tables = options.league ? league_tables : summary_tables;
  for (const Table& table : tables(rows)) fmt::print("{}\n", to_text(table));
  if (!options.reference.empty()) print_rankings(rows, options.reference);
  write_json_if(options.json, rows_json(rows));
  if (options.report.empty()) return;
  write_file(options.report, to_html(study_page(rows, how.file, named(options.reference))));
}

void print_status(const std::string& file) {
  for (const RunStatus& run : study_status(file)) {
    fmt::print("{}  {}, {} on {}: {} of {} cells in {}", run.started, run.grid, run.state, run.host,
               run.done, run.cells, duration_text(run.seconds));
    if (run.state == "running" && run.done > 0) {
      const auto left = static_cast<double>(run.cells - run.done);
      fmt::print(", about {} left",
                 duration_text(run.seconds * left / static_cast<double>(run.done)));
    }
    fmt::print("\n");
    if (run.state != "done" && !run.last.empty()) fmt::print("  last: {}\n", run.last);
  }
}

struct MergeOptions {
  std::string into;
  std::vector<std::string> others;
};

void merge(const MergeOptions& options) {
  const auto& [into, others] = options;
  require_writable(into);
  for (const std::string& other : others) study_rows(other);  // throws before `into` is created
  StudyResults results(into);
  for (const std::string& other : others) {
    const Merged merged = results.merge(other);
    fmt::print("{}: {} cells added, {} already in {}", other, merged.taken, merged.present, into);
    if (merged.differing > 0) {
      fmt::print(", {} of them with different weights; the existing ones are kept",
                 merged.differing);
    }
    fmt::print("\n");
  }
}

}  // namespace

void add_study(CLI::App& app) {
  const auto options = std::make_shared<StudyCommand>();
  CLI::App* command = app.add_subcommand("study", "run the grid of a TOML file");
  StudyRun& how = options->how;
  command->add_option("grid", how.file, "the TOML file");
  command->add_option("--data-root", options->data_root,
                      "folder searched first for named data sets");
  command->add_flag("--dry-run", options->dry_run, "check the grid and estimate the work");
  command->add_option("--results", how.results,
                      "database of the results; cells already in it are not run again");
  command->add_option("--networks", how.networks,
                      "folder of the dense networks, which are reused; "
                      "default: RESULTS.networks");
  command->add_option("--jobs", how.jobs, "number of parallel processes")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command
      ->add_option("--track", how.tracker, "also record every row in tensorboard:DIR or mlflow:DIR")
      ->type_name("TRACKER:DIR");
  command->add_flag("--league", options->league,
                    "print a table of methods by treatments, with 95 % intervals over seeds");
  command
      ->add_option(
          "--rank", options->reference,
          "compare METHOD with the others, with tests; 'validation': the best on validation data")
      ->check(known_values(all_names(methods())))
      ->type_name("METHOD");
  command->add_option("--report", options->report, "HTML page to write");
  add_json_option(*command, options->json);

  const auto file = std::make_shared<std::string>();
  CLI::App* status =
      command->add_subcommand("status", "show the progress of the runs in a database");
  status->add_option("results", *file, "the database")->required();
  status->callback([file] { print_status(*file); });
  const auto merged = std::make_shared<MergeOptions>();
  CLI::App* merging =
      command->add_subcommand("merge", "add missing cells from other databases to a database");
  merging->add_option("results", merged->into, "database to add to; created if missing")
      ->required();
  merging->add_option("others", merged->others, "databases to read; they are not changed")
      ->required();
  merging->callback([merged] { merge(*merged); });
  CLI::App* join = command->add_subcommand("join", "")->group("");  // processes that a study starts
  join->callback([] { join_study(); });

  command->callback([options, command] {
    if (!command->get_subcommands().empty()) return;
    if (options->how.file.empty()) throw CLI::RequiredError("grid");
    run_command(*options);
  });
}

}  // namespace ncprune::cli
