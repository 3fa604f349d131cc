#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/promise.h"

namespace ncprune::cli {
namespace {

struct GateCommand {
  std::string before;
  std::string after;
  DataRequest data;
  PromiseRequest promise;
  std::string runtime;
  std::string json;
  std::string junit;
  std::string markdown;
};

constexpr double kDefaultDrop = 2;  // percentage points
constexpr uint64_t kMaxStoredBytes = uint64_t{1} << 28;

// Fills in the side before and the verdict of `gate`, from counts that a file holds.
void judge_stored(Gate& gate, const std::string& path, const Classifier& after,
                  const Dataset& test) {
  const StoredCounts stored = parse_stored_counts(read_file(path, kMaxStoredBytes), path);
  const std::vector<RecallCount> before = counts_for(stored, gate.classes.names, path);
  gate.before = {stored.network, stored.data, "", path};
  const ClassMetrics metrics = class_metrics(class_scores(after, test), test.targets());
  gate.verdict = judge_counts(gate.promise, before, recall_counts(metrics));
}

void run_gate(const GateCommand& options) {
  require_writable_all({options.json, options.junit, options.markdown});
  PromiseRequest request = options.promise;
  if (!request.given()) request.max_class_drop = kDefaultDrop;
  const bool stored = options.before.ends_with(".json");
  std::vector<std::string> paths{options.after};
  if (!stored) paths.insert(paths.begin(), options.before);
  const auto [classifiers, data] = read_classifiers_and_data(paths, options.runtime, options.data);
  const Classifier& before = classifiers.front();
  const Classifier& after = classifiers.back();
  const Dataset& test = data.test;
  Gate gate{{}, {options.after, options.data.data, after.runtime, ""}, {}, {}, {}};
  gate.classes = class_info(before.network->metadata, test);
  gate.promise = promise_of(request, gate.classes.names);
  if (stored) {
    judge_stored(gate, options.before, after, test);
  } else {
    gate.before = {options.before, options.data.data, before.runtime, ""};
    gate.verdict =
        judge(gate.promise, class_scores(before, test), class_scores(after, test), test.targets());
  }
  write_json_if(options.json, gate_json(gate));
  if (!options.junit.empty()) write_file(options.junit, gate_junit(gate));
  if (!options.markdown.empty()) write_file(options.markdown, gate_markdown(gate));
  fmt::print("{}", gate_text(gate));
  if (!gate.verdict.kept) throw PromiseNotKept();
}

}  // namespace

void add_gate(CLI::App& app) {
  const auto options = std::make_shared<GateCommand>();
  CLI::App* command = app.add_subcommand(
      "gate", "check whether a network keeps every class of another one; exit code 2 if not");
  command
      ->add_option("before", options->before,
                   "ONNX file, or the .json that gate, evaluate or compare wrote")
      ->required();
  command->add_option("after", options->after, "ONNX file to be judged")->required();
  add_data_options(*command, options->data);
  add_promise_options(*command, options->promise,
                      fmt::format("most points that any class's recall may fall; {:g} if neither "
                                  "this nor --min-recall is given",
                                  kDefaultDrop));
  add_runtime_option(*command, options->runtime);
  add_json_option(*command, options->json);
  command->add_option("--junit", options->junit, "write a JUnit test case per class to FILE")
      ->type_name("FILE");
  command->add_option("--markdown", options->markdown, "write a summary in Markdown to FILE")
      ->type_name("FILE");
  command->callback([options] { run_gate(*options); });
}

}  // namespace ncprune::cli
