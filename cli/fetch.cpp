#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "cli/commands.h"
#include "cli/definitions.h"
#include "ncprune/ncprune.h"

namespace ncprune::cli {

void add_fetch(CLI::App& app) {
  struct Options {
    std::string name;
    std::string root;
    std::string mirror;
    DownloadOptions download;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("fetch", "download a data set into the data folder");
  const std::vector<std::string> names = all_names(fetchable());
  command->add_option("name", options->name, CLI::detail::join(names, ", "))
      ->check(known_values(names))
      ->required();
  command->add_option("--data-root", options->root,
                      "data folder, in which NAME is created; default $NCPRUNE_DATA");
  command->add_option("--mirror", options->mirror,
                      "download MIRROR/NAME/FILE instead of the publisher's files");
  command
      ->add_option("--stall", options->download.stall_seconds,
                   "seconds without data before a connection is closed")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command
      ->add_option("--attempts", options->download.attempts,
                   "number of attempts; each resumes where the last one stopped")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->callback([options] {
    const char* variable = std::getenv("NCPRUNE_DATA");
    if (options->root.empty() && variable != nullptr) options->root = variable;
    if (options->root.empty()) {
      throw InputError("no data folder: give one with --data-root or $NCPRUNE_DATA");
    }
    const std::string folder =
        fetch(options->name, options->root, options->mirror, options->download);
    fmt::print("{} is in {}\n", options->name, folder);
  });
}

}  // namespace ncprune::cli
