#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace ncprune::cli {

// The script that makes `shell` (bash, zsh or fish) complete commands, options, their known values
// and file names. Throws InputError on any other shell.
std::string completion_script(CLI::App& program, const std::string& shell);

}  // namespace ncprune::cli
