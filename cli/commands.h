#pragma once

#include <CLI/CLI.hpp>

// One function and one file per command: it declares the command's options and its action. Errors
// are exceptions, which main() turns into exit codes.
namespace ncprune::cli {

void add_demo(CLI::App& app);
void add_train(CLI::App& app);
void add_prune(CLI::App& app);
void add_plan(CLI::App& app);
void add_apply(CLI::App& app);
void add_finetune(CLI::App& app);
void add_shrink(CLI::App& app);
void add_gradual(CLI::App& app);
void add_doctor(CLI::App& app);
void add_compile(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_compare(CLI::App& app);
void add_gate(CLI::App& app);
void add_latency(CLI::App& app);
void add_robustness(CLI::App& app);
void add_collapse(CLI::App& app);
void add_report(CLI::App& app);
void add_study(CLI::App& app);
void add_fetch(CLI::App& app);
// methods, criteria, operators, architectures, corruptions, datasets
void add_lists(CLI::App& app);

// If a launcher has started several processes of a command that shares its passes over the data,
// joins them: only rank 0 prints and writes.
void share_work(const CLI::App& app);

}  // namespace ncprune::cli
