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

// Reads the ONNX file `path` and the data. Throws InputError, naming `path`, when they do not fit.
NetworkAndData read_network_and_data(const std::string& path, const DataRequest& data);

// Writes `json` to `path` unless that is empty.
void write_json_if(const std::string& path, const Json& json);

// The name of a network in a table: "a/dense.onnx" -> "dense".
std::string file_stem(const std::string& path);

// The names of the classes from `data`, whose labels are counted, and their counts and minority
// from the network's metadata. If the data only number their classes, the names are the metadata's.
// Warns of the first class that the two name differently.
ClassInfo class_info(const Metadata& metadata, const Dataset& data);

}  // namespace ncprune::cli
