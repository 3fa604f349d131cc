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

// Classifiers and the data for all of them.
struct ClassifiersAndData {
  std::vector<Classifier> classifiers;
  PreparedData data;
};

// Reads the ONNX files `paths` as read_classifier() does, and the data in the same way. Throws
// InputError, naming the path, when a classifier does not fit the test data.
ClassifiersAndData read_classifiers_and_data(const std::vector<std::string>& paths,
                                             const std::string& runtime, const DataRequest& data);

// Reads the ONNX file `path` and the data in the same way. Throws InputError, naming `path`, when
// they do not fit.
NetworkAndData read_network_and_data(const std::string& path, const DataRequest& data);

// Throws InputError, naming `path`, when the network does not seem to belong to the training data
// of `task`, which was read as `data` says (find_mismatch()); with `force` only a warning. An order
// of the classes that does not fit a line is printed on standard output, one name a line.
void require_match(const std::string& path, const NetworkAndData& task, const DataRequest& data,
                   bool force);

// Writes `json` to `path` unless that is empty.
void write_json_if(const std::string& path, const Json& json);

// The name of a network in a table: "a/dense.onnx" -> "dense".
std::string file_stem(const std::string& path);

// shown_class_names(), and the counts and minority from the network's metadata.
ClassInfo class_info(const Metadata& metadata, const Dataset& data);

}  // namespace ncprune::cli
