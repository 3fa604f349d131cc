#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"

namespace ncprune::cli {
namespace {

struct Options {
  std::vector<std::string> networks;
  DataRequest data;
  EvidenceOptions evidence;
  bool brief = false;
  std::string output = "report.html";
  std::string command;
};

bool is_markdown(const std::string& path) {
  return path.ends_with(".md");
}

void run(const Options& options) {
  if (!is_markdown(options.output) && !options.output.ends_with(".html")) {
    throw InputError(fmt::format("{}: a report ends in .html or .md", options.output));
  }
  require_writable(options.output);
  std::vector<NamedNetwork> networks;
  for (const std::string& path : options.networks) {
    networks.push_back({file_stem(path), read_onnx(path)});
  }
  const PreparedData data = prepare_data(options.data);
  const Evidence evidence = gather_evidence(networks, data, options.evidence);
  const Page page = evidence_page(
      evidence, {fmt::format("What pruning did to each class of {}", options.data.data),
                 options.data.data, options.data.imbalance, data.test.size(), options.command,
                 NCPRUNE_VERSION, options.data.seed});
  write_file(options.output, is_markdown(options.output) ? to_markdown(page) : to_html(page));
  for (const std::string& sentence : page.verdict) fmt::print("{}\n", sentence);
  fmt::print("Written to {}\n", options.output);
}

}  // namespace

void add_report(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "report", "everything about networks and the dense one they come from, on one page");
  command->add_option("networks", options->networks, "ONNX files, the dense one first")->required();
  add_data_options(*command, options->data);
  command->add_option("--noise", options->evidence.noise, "deviation of the noise in the table")
      ->capture_default_str();
  command->add_flag("--brief", options->brief, "no corruptions, attacks and sensitivity");
  command->add_option("-o,--output", options->output, "page to write, .html or .md")
      ->capture_default_str();
  command->callback([options] {
    const uint64_t seed = options->data.seed;
    EvidenceOptions& evidence = options->evidence;
    evidence.comparison.seed = seed;
    RobustnessOptions& robustness = evidence.robustness;
    robustness.corruption.seed = robustness.noise.seed = robustness.attack.seed = seed;
    if (options->brief)
      robustness.corruptions = robustness.sensitivity = robustness.attacks = false;
    options->command = fmt::format("ncprune report {} --data {} --imbalance {} --seed {}",
                                   fmt::join(options->networks, " "), options->data.data,
                                   options->data.imbalance, seed);
    run(*options);
  });
}

}  // namespace ncprune::cli
