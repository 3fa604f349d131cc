#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/data/dataset.h"

namespace ncprune {

// A source of data, as `ncprune datasets` lists it.
struct DataSource {
  std::string name;     // the part before the colon: "fashion-mnist", "idx", "csv", ...
  std::string usage;    // "csv:FILE?label=COLUMN[&test=FILE]"
  std::string summary;  // one line
};

const std::vector<DataSource>& data_sources();

// Loads the data that --data names. Named data sets are searched for in `data_root`, then
// $NCPRUNE_DATA, then the system's folders. A source without a test set gives a stratified fifth of
// every class, drawn from `seed`, as the test set. The columns of a table become inputs by `table`
// if it is given, otherwise by an encoding that is learned on the training file. Throws InputError
// (file, line or sample, what was expected).
TrainTest load_data(const std::string& spec, const std::string& data_root, uint64_t seed,
                    const std::optional<TableEncoding>& table = {});

}  // namespace ncprune
