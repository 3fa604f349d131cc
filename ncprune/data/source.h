#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/data/preprocessing.h"

namespace ncprune {

// A source of data, as `ncprune datasets` lists it.
struct DataSource {
  std::string name;     // the part before the colon: "fashion-mnist", "idx", "csv", ...
  std::string usage;    // "csv:FILE?label=COLUMN[&test=FILE]"
  std::string summary;  // one line
};

const std::vector<DataSource>& data_sources();

// Whether the data are pictures with preprocessing (images:).
bool is_image_source(const std::string& spec);

// The preprocessing that the options of the pictures in `spec` give; open for every other source.
// Throws InputError, naming the option.
Preprocessing stated_preprocessing(const std::string& spec);

// How networks that were trained before read the data; by default as the options and the training
// file say.
struct DataReading {
  std::optional<Preprocessing> geometry = {};  // of pictures
  std::optional<TableEncoding> table = {};     // how the columns of a table become inputs
  std::vector<std::string> arrays = {};        // that a sample consists of, in an NPZ file
};

// Loads the data that --data names. Named data sets are searched for in `data_root`, then
// $NCPRUNE_DATA, then the system's folders. A source without a test set gives a stratified fifth of
// every class, drawn from `seed`, as the test set. Throws InputError (file, line or sample, what
// was expected).
TrainTest load_data(const std::string& spec, const std::string& data_root, uint64_t seed,
                    const DataReading& how = {});

}  // namespace ncprune
