#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/ncprune.h"

// One function and one file per command: it declares the command's options and what to do when it
// is called. Errors leave as exceptions; main() turns them into exit codes.
namespace ncprune::cli {

void add_demo(CLI::App& app);
void add_train(CLI::App& app);
void add_prune(CLI::App& app);
void add_plan(CLI::App& app);
void add_apply(CLI::App& app);
void add_finetune(CLI::App& app);
void add_gradual(CLI::App& app);
void add_doctor(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_compare(CLI::App& app);
void add_latency(CLI::App& app);
void add_robustness(CLI::App& app);
void add_collapse(CLI::App& app);
void add_report(CLI::App& app);
void add_study(CLI::App& app);
void add_fetch(CLI::App& app);
void add_lists(
    CLI::App& app);  // methods, criteria, operators, architectures, corruptions, datasets

// Where a launcher has started several processes of the command that was called, they share its
// passes over the data, if it is one that makes them: rank 0 alone prints and writes.
void share_work(const CLI::App& app);

// --data, --data-root, --imbalance, --validation and --seed, alike for every command with data.
void add_data_options(CLI::App& command, DataRequest& request);

// How to train, as the command line says it: a teacher is a file there.
struct TrainRequest {
  TrainOptions options;
  std::string teacher;  // empty: none
  std::string tracker;  // empty: none
  Distillation distillation;
};

// Every option of TrainOptions and of distillation, alike for every command that trains.
void add_train_options(CLI::App& command, TrainRequest& request);

// Reads the teacher, checks the tracker
// and begins the tracked run `name`, if one is asked for.
TrainOptions train_options(const TrainRequest& request, uint64_t seed, const std::string& name);

// Prints the epochs, a star at the one that was taken, and gives the same as data.
Json report_epochs(const Training& training);

// How to prune, as the command line says it: a method and the parts of it that are to differ.
struct PruneRequest {
  std::string method = "surgeon";
  Method parts;  // those given on the command line
  PruneOptions options;
  bool sparsity_given = false;
  std::optional<double> structured = {};  // share of the units to remove; none: single weights

  PruneRequest();
};

// Every option of PruneOptions but the budget, alike for every command that prunes.
void add_prune_options(CLI::App& command, PruneRequest& request);

// The method with its parts; a pattern N:M fixes the sparsity where none was given. Throws
// InputError on an unknown method or pattern.
PruneOptions prune_options(const PruneRequest& request, uint64_t seed);

// --structured and --budget.
void add_structured_options(CLI::App& command, PruneRequest& request);

// What a pruning starts from: everything is read, checked and measured.
struct PruneTask {
  PruneOptions options;
  Network dense;
  PreparedData data;
  std::vector<LayerStatistics> statistics;

  Calibration calibration() const { return {data.train, statistics}; }
};
PruneTask prune_task(const std::string& network, const DataRequest& data,
                     const PruneRequest& request);

// What pruning promises for every class.
struct PromiseRequest {
  std::optional<double> max_class_drop = {};  // percentage points
  std::vector<std::string> min_recall;        // NAME=RECALL
  double confidence = 0.95;

  bool given() const { return max_class_drop.has_value() || !min_recall.empty(); }
};

// --max-class-drop, --min-recall and --confidence.
void add_promise_options(CLI::App& command, PromiseRequest& request);

// The promise that was asked for, about classes called `names`. Throws InputError.
Promise promise_of(const PromiseRequest& request, const std::vector<std::string>& names);

// Leaves a command when its work is done and written but the promise is not kept: exit code 2.
struct PromiseNotKept {};

// Searches for the most that the promise allows, prints what was judged, and sets it in
// task.options; json["kept"] says whether the promise is kept by it. Throws InputError.
Json settle_promise(PruneTask& task, const PromiseRequest& request, const PruneRequest& prune);

// Prints what was removed and what was `written`, and gives the same as data.
Json report_pruned(const Pruned& pruned, const std::string& written);
Json report_pruned(const UnitsPruned& pruned, const std::string& written);

// Prints what happened to the BatchNormalization of `network` if it has any and something did.
void report_batch_norm(const Network& network, const std::string& treatment);

// Writes the network and reports it.
Json write_pruned(const Pruned& pruned, const std::string& output);
Json write_pruned(const UnitsPruned& pruned, const std::string& output);

// Accepts 0, 1, 2, ... below 10^18.
CLI::Validator whole_number();

// --runtime; left empty when it is not given.
void add_runtime_option(CLI::App& command, std::string& runtime);

// --json FILE; the file is checked before the command starts its work.
void add_json_option(CLI::App& command, std::string& path);

// Writes `json` to `path` unless that is empty.
void write_json_if(const std::string& path, const Json& json);

// "a/dense.onnx" -> "dense": what a network is called in a table.
std::string file_stem(const std::string& path);

// For a shell: quoted unless it is plain.
std::string shell_word(const std::string& text);

// The command that runs, as it could be typed again.
std::string command_line();

ClassInfo class_info(const Metadata& metadata, const Dataset& data);

}  // namespace ncprune::cli
