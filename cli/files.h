#pragma once

#include <string>
#include <vector>

#include "ncprune/ncprune.h"

namespace ncprune::cli {

// Throws InputError, before any work is done, unless each of `paths` can be written; "" is skipped.
void require_writable_all(const std::vector<std::string>& paths);

// A network, and the data it is to work on.
struct NetworkAndData {
  Network network;
  PreparedData data;
};

// Reads the ONNX file `path` and the data. Throws InputError, naming `path`, when they do not fit.
NetworkAndData read_network_and_data(const std::string& path, const DataRequest& data);

// Writes `json` to `path` unless that is empty.
void write_json_if(const std::string& path, const Json& json);

// "a/dense.onnx" -> "dense": what a network is called in a table.
std::string file_stem(const std::string& path);

// The classes by the names, counts and minority that the network remembers, else as `data` has
// them.
ClassInfo class_info(const Metadata& metadata, const Dataset& data);

}  // namespace ncprune::cli
