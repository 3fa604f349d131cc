#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/definitions.h"
#include "cli/manual.h"
#include "cli/promise.h"

namespace {

// The help texts as initializers for the launcher, which prints them without loading LibTorch.
void print_help_texts(CLI::App& app) {
  fmt::print("{{\"\", R\"help({})help\"}},\n", app.help());
  for (const CLI::App* command : app.get_subcommands({})) {
    fmt::print("{{\"{}\", R\"help({})help\"}},\n", command->get_name(), command->help("ncprune"));
  }
}

// Prints or writes the help texts, the manual or a completion script, for which the build calls the
// program. Returns false when `words` ask for none of them.
bool answer_build(CLI::App& app, const std::vector<std::string>& words) {
  const std::string asked = words.empty() ? "" : words.front();
  if (words.size() == 1 && asked == "--help-texts") {
    print_help_texts(app);
  } else if (words.size() == 3 && asked == "--manual") {
    ncprune::cli::write_manual(app, words[1], words[2]);
  } else if (words.size() == 2 && asked == "--completion") {
    fmt::print("{}", ncprune::cli::completion_script(app, words[1]));
  } else {
    return false;
  }
  return true;
}

using Clock = std::chrono::steady_clock;

// Says how much of a long command went into waiting for data, if it is much.
void print_waiting(Clock::time_point start) {
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const double waited = ncprune::seconds_waited();
  if (seconds < 1 || waited < 0.1 * seconds) return;
  ncprune::log_info(fmt::format("{:.0f} % of the time passed in waiting for data to be read",
                                100 * waited / seconds));
}

}  // namespace

// Exit codes: 0 done; 1 the user's mistake; 2 a promise not kept; 3 a bug. The only try/catch.
int main(int argc, char** argv) {
  namespace cli = ncprune::cli;
  CLI::App app("Prunes trained classifiers without losing the rare classes.", "ncprune");
  app.require_subcommand(1);
  app.set_version_flag("--version", NCPRUNE_VERSION);
  app.fallthrough();  // --threads, --device and --quiet may come before or after the command
  int threads = 0;
  bool quiet = false;
  double memory = 1e-9 * static_cast<double>(ncprune::memory_limit());
  std::string device = "cpu";
  app.add_option("--threads", threads,
                 "threads; 0: $OMP_NUM_THREADS, or else one per available core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  app.add_option("--device", device, "device for running and training networks: cpu or cuda")
      ->check(cli::known_values({"cpu", "cuda"}))
      ->capture_default_str();
  app.add_option("--memory", memory,
                 "gigabytes for decoded pictures that are kept and inputs that are needed at once")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--quiet", quiet, "print only results, no progress");
  app.parse_complete_callback([&] {
    ncprune::configure_runtime(threads);
    ncprune::use_device(device);
    ncprune::set_memory_limit(static_cast<int64_t>(1e9 * memory));
    ncprune::set_quiet(quiet);
    const std::string problem = ncprune::blas_problem();
    if (!problem.empty()) ncprune::log_warning(problem);
    cli::share_work(app);
  });
  cli::add_demo(app);
  cli::add_train(app);
  cli::add_prune(app);
  cli::add_plan(app);
  cli::add_apply(app);
  cli::add_finetune(app);
  cli::add_gradual(app);
  cli::add_shrink(app);
  cli::add_doctor(app);
  cli::add_compile(app);
  cli::add_evaluate(app);
  cli::add_compare(app);
  cli::add_gate(app);
  cli::add_latency(app);
  cli::add_robustness(app);
  cli::add_collapse(app);
  cli::add_report(app);
  cli::add_study(app);
  cli::add_fetch(app);
  cli::add_lists(app);
  try {
    if (answer_build(app, {argv + 1, argv + argc})) return 0;
    const Clock::time_point start = Clock::now();
    app.parse(argc, argv);
    ncprune::leave_world();
    print_waiting(start);
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    const std::vector<std::string> unknown = app.remaining();
    const bool no_command = app.get_subcommands().empty() && !unknown.empty();
    fmt::print(
        stderr, "ncprune: {} (see ncprune --help)\n",
        ncprune::printable_text(no_command ? fmt::format("unknown command '{}'", unknown.front())
                                           : error.what()));
  } catch (const cli::PromiseNotKept&) {
    return 2;
  } catch (const ncprune::InputError& error) {
    fmt::print(stderr, "ncprune: {}\n", ncprune::printable_text(error.what()));
  } catch (const std::exception& error) {
    const std::string what = error.what();  // LibTorch appends a stack trace
    fmt::print(stderr, "ncprune: internal error, please report it: {}\n",
               ncprune::printable_text(what.substr(0, what.find('\n'))));
    return 3;
  }
  return 1;
}
