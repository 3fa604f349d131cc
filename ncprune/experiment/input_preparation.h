#pragma once

#include <string>

#include "ncprune/data/preprocessing.h"
#include "ncprune/model/network.h"

namespace ncprune {

// The preprocessing of data.
struct DataPreprocessing {
  Preprocessing stated = {};    // what the options of the data say
  Preprocessing geometry = {};  // how the pictures were read; open for other data
};

// The preprocessing that the metadata of a network, which messages call `where`, say: the entry
// kPreprocessingEntry, and the order of channels and the layout; open without them. Throws
// InputError when the entry is no preprocessing or disagrees with them.
Preprocessing stored_preprocessing(const Metadata& metadata, const std::string& where);

// The metadata with this preprocessing: what is stored, and what the data say where that is open.
// Range, mean and standard deviation become input_mean and input_scale, [C, 1, 1]; order of the
// channels and layout become reversed_channels and channels_last; the whole is stored under
// kPreprocessingEntry. A file that normalises its inputs itself (kNormalisationEntry) and is run as
// it is gets neither. Throws InputError, naming `where` and both values, when the metadata say
// something else.
Metadata with_preprocessing(Metadata metadata, const DataPreprocessing& data,
                            const std::string& where);

}  // namespace ncprune
