#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

// The program's commands as CLI11 holds them, for what is made from them: the manual and the
// completions of shells.
namespace ncprune::cli {

// A command and its name: "prune", "study merge"; "" for the program itself. Valid as long as the
// program's CLI::App.
struct CommandDefinition {
  std::string name;
  CLI::App* app;
};

// The program, then its commands in their order, each before its own commands, without hidden ones.
std::vector<CommandDefinition> command_definitions(CLI::App& program);

// The commands directly below `app`, without hidden ones.
std::vector<CLI::App*> commands_below(CLI::App& app);

// An option or a positional argument of a command.
struct OptionDefinition {
  std::vector<std::string> names;   // as they are written, short ones first: "-o", "--output"
  std::string value;                // what its value is: "FILE", "INT"; empty: it takes none
  std::string range;                // allowed values, such as "[1 - 100]"; empty: see values
  std::vector<std::string> values;  // the known values; empty: free
  std::string initial;              // the value that holds when none is given
  std::string description;
  bool required;
  bool repeated;  // takes several values
  bool numeric;   // its value is a number
};

// The options of `app`, without hidden ones and without those of the program above it.
std::vector<OptionDefinition> options_of(CLI::App& app);
std::vector<OptionDefinition> positionals_of(CLI::App& app);

// Attaches the values that an option knows, for the manual and completions. It checks nothing: the
// library checks what is given, and its errors name the known values.
CLI::Validator known_values(const std::vector<std::string>& values);

}  // namespace ncprune::cli
