#pragma once

#include <string>
#include <vector>

#include "ncprune/evaluate/metrics.h"

namespace ncprune {

// The recalls of one network as counts, from a JSON file that was written earlier.
struct StoredCounts {
  std::string network;              // the file that was measured
  std::string data;                 // what it was measured on
  std::vector<std::string> names;   // K different names
  std::vector<RecallCount> counts;  // K
};

// Reads what `ncprune gate --json`, `evaluate --json` or `compare --json` wrote, as `text`: the
// counts of the first network of evaluate, and of the network before for the others. Throws
// InputError, naming `where`, for anything else, including malicious files.
StoredCounts parse_stored_counts(const std::string& text, const std::string& where);

// The counts in the order of `names`. Throws InputError, naming `where` and a class, unless the
// stored classes have these names in any order.
std::vector<RecallCount> counts_for(const StoredCounts& stored,
                                    const std::vector<std::string>& names,
                                    const std::string& where);

}  // namespace ncprune
