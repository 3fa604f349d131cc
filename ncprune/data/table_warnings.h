#pragma once

#include <string>
#include <vector>

#include "ncprune/data/csv.h"

namespace ncprune {

// Sentences about what may be a mistake in `table`, a whole file that messages call `where`:
// columns of numbers that only count the rows or that 32-bit floats do not tell apart, as ids;
// labels that differ only in their case or are the same number; a label that means a missing value
// (`missing`, see CsvOptions); and a column of labels that is called as one of them, as without a
// header. They decide nothing.
std::vector<std::string> table_warnings(const CsvTable& table,
                                        const std::vector<std::string>& missing,
                                        const std::string& where);

}  // namespace ncprune
