#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "ncprune/experiment/study.h"

namespace ncprune {

// The rows a study has so far, kept in its results file if it has one.
class StudyResults {
 public:
  // Begins with the rows of `file` (empty: none is kept; missing: no rows yet). Throws InputError
  // naming the line that is not a row.
  explicit StudyResults(std::string file);

  // Takes the place of an older row of the same cell.
  void add(StudyRow row);

  // Whether there is a row for the cell that `row` names: data, imbalance, seed, method, treatment,
  // sparsity and settings.
  bool has(const StudyRow& row) const;

  // The rows of those cells, in their order; cells without a row are left out.
  std::vector<StudyRow> of(const std::vector<StudyRow>& cells) const;

  // Writes all rows, those of other grids included.
  void save() const;

 private:
  using Key =
      std::tuple<std::string, std::string, int64_t, std::string, std::string, double, std::string>;
  static Key key_of(const StudyRow& row);

  std::string file_;
  std::map<Key, StudyRow> rows_;
};

}  // namespace ncprune
