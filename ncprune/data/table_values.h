#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ncprune/data/csv.h"
#include "ncprune/data/table_encoding.h"

namespace ncprune {

// A table as the inputs and labels of a network.
struct TableValues {
  int64_t rows = 0;             // N
  int64_t features = 0;         // d
  std::vector<float> inputs;    // row-major [N, d], all finite
  std::vector<int64_t> labels;  // N, in [0, K)
};

// How the columns of `encoding` are to be read from a further file.
std::map<std::string, ColumnRole, std::less<>> roles_of(const TableEncoding& encoding);

// Throws InputError as encode() does for columns and words.
void require_encodable(const CsvTable& table, const TableEncoding& encoding, bool bin_unknown,
                       const std::string& where);

// Applies `encoding` to `table`, which messages call `where` and which was read with
// roles_of(encoding); columns are found by name. With `bin_unknown`, an unknown word goes into the
// column's input for other words; a onehot column without one then has none of its words, and
// another column its usual value. Throws InputError when a column of the encoding is missing, when
// there is a further column (both are named), for an unknown word or label (line, column and word),
// and for more than 2^31 inputs in all.
TableValues encode(const CsvTable& table, const TableEncoding& encoding, bool bin_unknown,
                   const std::string& where);

}  // namespace ncprune
