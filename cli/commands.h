#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "ncprune/ncprune.h"

// One function and one file per command: it declares the command's options and what to do when it
// is called. Errors leave as exceptions; main() turns them into exit codes.
namespace ncprune::cli {

void add_demo(CLI::App& app);
void add_train(CLI::App& app);
void add_prune(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_collapse(CLI::App& app);
void add_study(CLI::App& app);
void add_lists(CLI::App& app);  // methods, criteria, operators, architectures, datasets

// --data, --data-root, --imbalance, --validation and --seed, alike for every command with data.
void add_data_options(CLI::App& command, DataRequest& request);

// Accepts 0, 1, 2, ... below 10^18.
CLI::Validator whole_number();

// --json FILE; the file is checked before the command starts its work.
void add_json_option(CLI::App& command, std::string& path);

// Writes `json` to `path` unless that is empty.
void write_json_if(const std::string& path, const Json& json);

// "a/dense.onnx" -> "dense": what a network is called in a table.
std::string file_stem(const std::string& path);

ClassInfo class_info(const Metadata& metadata, const Dataset& data);

}  // namespace ncprune::cli
