#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/definitions.h"
#include "cli/files.h"
#include "cli/options.h"

namespace ncprune::cli {
namespace {

struct ReportCommand {
  std::vector<std::string> networks;
  DataRequest data;
  EvidenceOptions evidence;
  bool brief = false;
  std::string reference;
  std::vector<std::string> outputs{"report.html"};
};

// The formats of a report, by file extension.
using Writer = std::string (*)(const Evidence&, const Provenance&);
const std::map<std::string, Writer>& writers() {
  static const std::map<std::string, Writer> table{
      {".html", [](const auto& e, const auto& p) { return to_html(evidence_page(e, p)); }},
      {".md", [](const auto& e, const auto& p) { return to_markdown(evidence_page(e, p)); }},
      {".json", [](const auto& e, const auto& p) { return evidence_json(e, p).dump(1) + "\n"; }},
      {".csv", [](const auto& e, const auto& /*p*/) { return evidence_csv(e); }}};
  return table;
}

Writer writer_for(const std::string& path) {
  const size_t dot = path.rfind('.');
  const auto found = writers().find(dot == std::string::npos ? "" : path.substr(dot));
  if (found != writers().end()) return found->second;
  throw InputError(
      fmt::format("{}: the name of a report must end in .html, .md, .json or .csv", path));
}

std::string command_of(const ReportCommand& options) {
  std::string command = "ncprune report";
  for (const std::string& path : options.networks) command += " " + shell_word(path);
  command += fmt::format(" --data {} --imbalance {} --validation {:g} --seed {} --noise {:g}",
                         shell_word(options.data.data), shell_word(options.data.imbalance),
                         options.data.validation, options.data.seed, options.evidence.noise);
  if (options.brief) command += " --brief";
  return command + " -o " + shell_word(fmt::format("{}", fmt::join(options.outputs, ",")));
}

// The page of a study's database.
void run_of_study(const ReportCommand& options) {
  const std::string& file = options.networks.front();
  for (const std::string& path : options.outputs) {
    if (!path.ends_with(".html") && !path.ends_with(".md")) {
      throw InputError(fmt::format("{}: a study's report ends in .html or .md", path));
    }
    require_writable(path);
  }
  const std::vector<StudyRow> rows = study_rows(file);
  if (rows.empty()) throw InputError(file + ": contains no rows yet");
  const Page page = study_page(rows, std::filesystem::path(file).filename(), options.reference);
  for (const std::string& path : options.outputs) {
    write_file(path, path.ends_with(".md") ? to_markdown(page) : to_html(page));
  }
  for (const std::string& sentence : page.verdict) fmt::print("{}\n", printable_text(sentence));
  fmt::print("Written to {}\n", fmt::join(options.outputs, ", "));
}

void run_report(const ReportCommand& options) {
  if (options.networks.size() == 1 && options.networks.front().ends_with(".db")) {
    return run_of_study(options);
  }
  for (const std::string& path : options.outputs) {
    writer_for(path);
    require_writable(path);
  }
  auto [read, data] = read_networks_and_data(options.networks, options.data);
  std::vector<NamedNetwork> networks;
  for (size_t i = 0; i < read.size(); ++i) {
    networks.push_back({file_stem(options.networks[i]), std::move(read[i])});
  }
  const Evidence evidence = gather_evidence(networks, data, options.evidence);
  const Provenance provenance{
      fmt::format("What pruning did to each class of {}", options.data.data),
      options.data.data,
      options.data.imbalance,
      data.test.size(),
      command_of(options),
      NCPRUNE_VERSION,
      options.data.seed};
  for (const std::string& path : options.outputs) {
    write_file(path, writer_for(path)(evidence, provenance));
  }
  for (const std::string& sentence : verdicts(evidence))
    fmt::print("{}\n", printable_text(sentence));
  fmt::print("Written to {}\n", fmt::join(options.outputs, ", "));
}

}  // namespace

void add_report(CLI::App& app) {
  const auto options = std::make_shared<ReportCommand>();
  CLI::App* command =
      app.add_subcommand("report", "write a report on pruned networks and their dense network");
  command
      ->add_option("networks", options->networks,
                   "ONNX files, the dense one first; or the database of a study, .db")
      ->required();
  command
      ->add_option(
          "--rank", options->reference,
          "for a study: compare METHOD with the others; default: the best on validation data")
      ->check(known_values(all_names(methods())))
      ->type_name("METHOD");
  add_data_options(*command, options->data);
  command
      ->add_option("--noise", options->evidence.noise,
                   "standard deviation of the noise in the table")
      ->capture_default_str();
  command->add_flag("--brief", options->brief, "skip corruptions, attacks and sensitivity");
  command->add_option("-o,--output", options->outputs, "files to write: .html, .md, .json, .csv")
      ->delimiter(',')
      ->capture_default_str();
  command->callback([options] {
    const uint64_t seed = options->data.seed;
    EvidenceOptions& evidence = options->evidence;
    evidence.comparison.seed = seed;
    RobustnessOptions& robustness = evidence.robustness;
    robustness.corruption.seed = robustness.noise.seed = robustness.attack.seed = seed;
    if (options->brief)
      robustness.corruptions = robustness.sensitivity = robustness.attacks = false;
    run_report(*options);
  });
}

}  // namespace ncprune::cli
