#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/experiment/input_preparation.h"
#include "ncprune/model/network.h"

namespace ncprune {

// The data to load, and how to thin and split them. The same request always gives the same samples,
// so a network can be pruned later on the training set that it was trained on.
struct DataRequest {
  std::string data = "fashion-mnist";  // as load_data takes it
  std::string data_root;               // searched first for named data sets
  std::string imbalance = "none";      // as make_imbalanced takes it
  double validation = 0.25;            // held-out share of each class in the training set; [0, 1)
  uint64_t seed = 0;
  // The data's classes in the order of the network's scores. They replace the names that networks
  // hold; by default the order of the first network with names, otherwise that of the data.
  std::vector<std::string> classes = {};
  // For tables: the encoding of the network that reads them (table_entry.h); by default a new one
  // is learned on the training file.
  std::optional<TableEncoding> table = {};
};

struct PreparedData {
  Dataset train;       // thinned, without the validation part: for training and all statistics
  Dataset validation;  // thinned: for choices
  Dataset test;        // unchanged: only for measurements
  std::vector<int64_t> minority;
  std::optional<TableEncoding> table = {};  // how the columns became inputs, for tables
  DataPreprocessing preprocessing = {};
  bool renames = false;  // whether DataRequest::classes replace the names that networks hold
};

// Throws InputError on bad data or a class without training samples.
PreparedData prepare_data(const DataRequest& request);

// A network and what reports and messages call it, usually the name or path of its file.
struct NamedNetwork {
  std::string name;
  Network network;
};

// Networks that are ready for data.
struct NetworksAndData {
  std::vector<Network> networks;  // in the order given
  PreparedData data;
};

// The data for networks that were trained before, and these networks. Pictures are read as the
// request says and, where that is open, as the metadata of the networks say (kPreprocessingEntry);
// the columns of a table as the networks remember them (table_entry.h).
// If the first network with class names has the classes of the data in another order, the data get
// its order, and that is logged, unless the request says the order. Each network becomes
// ready_for() the data. Throws InputError as prepare_data(request) and ready_for() do, and when two
// networks say different things about reading pictures.
NetworksAndData prepare_data(DataRequest request, std::vector<NamedNetwork> networks);

// The network with data.preprocessing and data.table in its metadata, so that every file
// written from it has it, too. Throws InputError, naming both sides, when the metadata say
// something else, or when the network has other classes than the data or another order of them
// and the data do not rename them.
Network ready_for(const PreparedData& data, NamedNetwork network);

// The names of the data's classes for people: those of the data; if these are only numbers, those
// of the network's metadata, made printable, where there are as many. K of them.
std::vector<std::string> shown_class_names(const Metadata& metadata, const Dataset& data);

// An untrained network for the data with its metadata: class names, counts, minority, the
// encoding of a table, and the normalisation that the data's preprocessing gives. If it is open,
// that is the mean and the standard deviation over the training samples: per feature for data
// without a range (tables), per channel, over samples and pixels, [C, 1, 1], for colour pictures.
// Grey pictures stay unchanged, in [0, 1]. Throws InputError for a layout other than nchw, which
// built-in networks do not take.
Network make_network(const std::string& architecture, const PreparedData& data, uint64_t seed);

}  // namespace ncprune
