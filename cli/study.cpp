#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"

namespace ncprune::cli {

void add_study(CLI::App& app) {
  struct Options {
    std::string grid;
    std::string data_root;
    std::string json;
    std::string report;
    bool dry_run = false;
    bool league = false;
    StudyRun how;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("study", "a grid of runs from a TOML file");
  command->add_option("grid", options->grid, "the TOML file")->required();
  command->add_option("--data-root", options->data_root,
                      "folder searched first for named data sets");
  command->add_flag("--dry-run", options->dry_run,
                    "check the grid and say how much there is to do");
  command->add_option("--results", options->how.results,
                      "a file the rows are kept in; networks that stand in it are not run again");
  command->add_option("--networks", options->how.networks,
                      "a folder the dense networks are kept in, not to be trained again");
  command->add_option("--parts", options->how.parts,
                      "cut the grid's networks into so many parts ...");
  command->add_option("--part", options->how.part, "... and run this one, from 1")
      ->needs("--parts");
  command->add_flag("--league", options->league,
                    "print methods by treatments, with 95 % intervals over the seeds");
  command->add_option("--report", options->report, "a page to write, .html");
  add_json_option(*command, options->json);
  command->callback([options] {
    if (!options->json.empty()) require_writable(options->json);
    if (!options->report.empty()) require_writable(options->report);
    Study study = read_study(options->grid);
    if (!options->data_root.empty()) study.data_root = options->data_root;
    const StudyRun& how = options->how;
    if (how.parts < 1 || how.part < 1 || how.part > how.parts) {
      throw InputError(fmt::format("part {} of {}; wanted 1 to {}", how.part, how.parts,
                                   std::max<int64_t>(how.parts, 1)));
    }
    if (options->dry_run) {
      require_valid(study);
      const StudySize size = study_size(study);
      fmt::print("{} networks to train, {} cells to evaluate\n", size.networks, size.cells);
      return;
    }
    const std::vector<StudyRow> rows = run_study(study, options->how);
    const auto tables = options->league ? league_tables : summary_tables;
    for (const Table& table : tables(rows)) fmt::print("{}\n", to_text(table));
    write_json_if(options->json, rows_json(rows));
    if (options->report.empty()) return;
    write_file(options->report, to_html(study_page(study, rows, options->grid)));
  });
}

}  // namespace ncprune::cli
