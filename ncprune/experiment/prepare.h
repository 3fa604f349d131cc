#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// Which data, and how they are thinned and split. The same request gives the same samples: a
// network pruned tomorrow sees the training set it was trained on.
struct DataRequest {
  std::string data = "fashion-mnist";  // as load_data takes it
  std::string data_root;               // searched first for named data sets
  std::string imbalance = "none";      // as make_imbalanced takes it
  double validation = 0.25;            // share of every class held out of the training set; [0, 1)
  uint64_t seed = 0;
};

struct PreparedData {
  Dataset train;       // thinned, without the validation part: training and all statistics
  Dataset validation;  // thinned: choices
  Dataset test;        // untouched: measurement only
  std::vector<int64_t> minority;
};

// Throws InputError on bad data or a class without training samples.
PreparedData prepare_data(const DataRequest& request);

// An untrained network for the data, its metadata filled in: class names, counts, minority and the
// mean and standard deviation over the training samples: of every feature for data without a range
// (tables), of every channel, over samples and pixels, [C, 1, 1], for pictures in colour. Grey ones
// stay as they are, in [0, 1].
Network make_network(const std::string& architecture, const PreparedData& data, uint64_t seed);

}  // namespace ncprune
