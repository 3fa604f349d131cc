#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "ncprune/ncprune.h"

namespace ncprune::cli {

// The network file that a command writes.
struct OutputRequest {
  std::string path;
  std::string storage;  // dense or sparse; empty: as in the file that was read
  bool shrink = false;  // first remove the units that do nothing
};

// Adds -o and --storage.
void add_file_options(CLI::App& command, OutputRequest& request);

// Adds -o, --storage and --shrink: the options of every command that writes a network from which
// weights were removed.
void add_output_options(CLI::App& command, OutputRequest& request);

// A file that was written.
struct Written {
  std::string path;
  size_t bytes;
  bool sparse;
  std::optional<Shrunk> shrunk;  // if the network was shrunk
};

// Writes `network`, shrunk first if asked for, which is then proved on `data` too.
Written write_network(const OutputRequest& request, const Network& network, const Dataset& data);

// Writes the shrunk network.
Written write_network(const OutputRequest& request, Shrunk shrunk);

// Prints how the network shrank, if it did, and the size of a file with sparse weights; returns
// both as JSON.
Json report_written(const Written& written);

}  // namespace ncprune::cli
