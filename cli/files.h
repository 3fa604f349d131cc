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

// Reads the ONNX files `paths` and the data, and makes them ready for each other (prepare_data()).
NetworksAndData read_networks_and_data(const std::vector<std::string>& paths,
                                       const DataRequest& data);

// Reads the ONNX file `path` and the data in the same way. Throws InputError, naming `path`, when
// they do not fit.
NetworkAndData read_network_and_data(const std::string& path, const DataRequest& data);

// Throws InputError, naming `path`, when the network does not seem to belong to the training data
// (find_mismatch()); with `force` only a warning.
void require_match(const std::string& path, const NetworkAndData& task, bool force);

// Writes `json` to `path` unless that is empty.
void write_json_if(const std::string& path, const Json& json);

// The name of a network in a table: "a/dense.onnx" -> "dense".
std::string file_stem(const std::string& path);

// The names, counts and minority of the classes from the network's metadata; names from `data` if
// the metadata have none.
ClassInfo class_info(const Metadata& metadata, const Dataset& data);

}  // namespace ncprune::cli
