#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/data/csv.h"

namespace ncprune {

// The labels of a table of N rows as numbers: N of them, in [0, K), by the order of its K labels,
// sorted (as numbers if all are).
std::vector<int64_t> sorted_labels(const CsvTable& table);

// A table of `rows` alone, ascending indices in [0, N): missing cells and words are counted there
// only, and words are in the order of these rows. A word's line remains the first in the file.
// Nothing in the result but these lines and `too_many_words` depends on the other rows.
CsvTable with_rows(const CsvTable& table, const std::vector<int64_t>& rows);

}  // namespace ncprune
