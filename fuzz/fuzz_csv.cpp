#include <cmath>

#include "fuzz/target.h"
#include "ncprune/data/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ncprune::fuzz(data, size, [](std::string_view bytes) {
    const ncprune::CsvTable table = ncprune::parse_csv(bytes, "y", "input");
    const size_t rows = table.labels.size();
    ncprune::require(rows > 0 && table.lines.size() == rows);
    ncprune::require(table.values.size() == rows * table.features.size());
    for (const float value : table.values) ncprune::require(std::isfinite(value));
    for (const std::string& label : table.labels) ncprune::require(!label.empty());
  });
}
