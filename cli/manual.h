#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace ncprune::cli {

// Writes a manual page for the program and one for each of its commands, "ncprune-prune.1", into
// the existing folder `folder`. `date`: of the release, as 2026-01-31. Throws InputError when a
// page cannot be written.
void write_manual(CLI::App& program, const std::string& folder, const std::string& date);

}  // namespace ncprune::cli
