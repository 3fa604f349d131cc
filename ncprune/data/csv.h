#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// A table of numbers with one column of labels: N rows, d features.
struct CsvTable {
  std::vector<std::string> features;  // d column names in the file's order, without the label
  std::vector<float> values;          // row-major [N, d], all finite
  std::vector<std::string> labels;    // N of them, as written, none empty
  std::vector<int64_t> lines;         // N of them: the line where the row begins, from 1
};

// Reads `bytes`, a whole file that messages call `where`: cells separated by commas and quoted as
// in RFC 4180, lines ended by LF or CRLF, column names in the first line. Blanks around an unquoted
// cell and empty lines are ignored. Throws InputError (line and column, what was given) when there
// is no column `label_column` (the columns are listed), a row has too few or too many cells, a
// label is missing, a feature is not a finite number that fits 32 bits, a quote is not closed, or
// there are no rows or no features.
CsvTable parse_csv(std::string_view bytes, const std::string& label_column,
                   const std::string& where);

}  // namespace ncprune
