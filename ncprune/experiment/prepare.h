#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
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
};

// Throws InputError on bad data or a class without training samples.
PreparedData prepare_data(const DataRequest& request);

// An untrained network for the data with its metadata: class names, counts, minority, the encoding
// of a table, and the mean
// and standard deviation over the training samples. These are per feature for data without a range
// (tables), and per channel, over samples and pixels, [C, 1, 1], for colour pictures. Grey pictures
// stay unchanged, in [0, 1].
Network make_network(const std::string& architecture, const PreparedData& data, uint64_t seed);

}  // namespace ncprune
