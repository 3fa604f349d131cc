#pragma once

#include <string>
#include <vector>

#include "ncprune/ncprune.h"

namespace ncprune::cli {

// Throws InputError, before any work is done, unless each of `paths` can be written; "" is skipped.
void require_writable_all(const std::vector<std::string>& paths);

// A network and its data.
struct NetworkAndData {
  Network network;
  PreparedData data;
};

// Reads the ONNX file `path` and the data, a table as the network remembers it; the network then
// remembers the table. Throws InputError, naming `path`, when they do not fit.
NetworkAndData read_network_and_data(const std::string& path, const DataRequest& data);

// Networks and the data for all of them.
struct NetworksAndData {
  std::vector<Network> networks;
  PreparedData data;
};

// Reads ONNX files and the data, a table as the networks remember it. Throws InputError when they
// remember different things. Whether the data fit is for the caller to check.
NetworksAndData read_networks_and_data(const std::vector<std::string>& paths, DataRequest data);

// Writes `json` to `path` unless that is empty.
void write_json_if(const std::string& path, const Json& json);

// The name of a network in a table: "a/dense.onnx" -> "dense".
std::string file_stem(const std::string& path);

// The names, counts and minority of the classes from the network's metadata; names from `data` if
// the metadata have none.
ClassInfo class_info(const Metadata& metadata, const Dataset& data);

}  // namespace ncprune::cli
