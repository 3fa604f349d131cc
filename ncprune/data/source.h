#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ncprune/data/dataset.h"

namespace ncprune {

// A place data come from, as `ncprune datasets` lists it.
struct DataSource {
  std::string name;     // what stands before the colon: "fashion-mnist", "idx", "csv", ...
  std::string usage;    // "csv:FILE?label=COLUMN[&test=FILE]"
  std::string summary;  // one line
};

const std::vector<DataSource>& data_sources();

// Opens what --data names. `data_root` is searched first for named data sets, then $NCPRUNE_DATA,
// then the system's folders. A source without a test set of its own gives up a stratified fifth of
// every class, drawn from `seed`. Throws InputError (file, line or sample, what was wanted).
TrainTest load_data(const std::string& spec, const std::string& data_root, uint64_t seed);

}  // namespace ncprune
