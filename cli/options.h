#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "ncprune/ncprune.h"

namespace ncprune::cli {

// --data, --data-root, --imbalance, --validation and --seed, the same for every command with data.
void add_data_options(CLI::App& command, DataRequest& request);

// --runtime; left empty when it is not given.
void add_runtime_option(CLI::App& command, std::string& runtime);

// --json FILE; the file is checked before the command starts its work.
void add_json_option(CLI::App& command, std::string& path);

// --force: prune a network that does not seem to belong to the data.
void add_force_option(CLI::App& command, bool& force);

// Accepts 0, 1, 2, ... below 10^18.
CLI::Validator whole_number();

// `text` as a shell word, quoted if necessary.
std::string shell_word(const std::string& text);

// The command line of this process, for use in a shell.
std::string command_line();

}  // namespace ncprune::cli
