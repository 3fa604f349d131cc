#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ncprune/data/csv.h"
#include "ncprune/data/csv_records.h"

namespace ncprune {

// The beginning of a table: how its records are written, and its columns.
struct CsvHeader {
  CsvFormat format;
  NumberForm form;
  std::vector<std::string> names;     // unique
  size_t label;                       // the index of the label
  std::vector<std::string> notes;     // on what was found out
  std::vector<std::string> warnings;  // sentences on what may be a mistake
  CsvRecords rows;                    // at the first row
};

// "column 3", for the nameless column at place 2.
std::string nameless_column(size_t i);

// Reads the header of `text`, which must outlive the result; see parse_csv() for its arguments and
// for what it throws.
//
// Column names may stand behind a # in the last of the comments, if the label is among them.
//
// A first line "sep=;", as Excel writes, is skipped and gives the separator. Otherwise the
// separator is the one of , ; tab | with which the label is a column; of several, and when there is
// none, the one that occurs most often; ties go to the earlier one. The decimal mark is a comma if
// the separator is not, and if among the first rows some cells are numbers only with a comma and
// none is a number with a point; and it is not the thousands separator.
//
// Warns of columns where, among the first rows, every number with a decimal mark has exactly three
// digits behind it and the others are whole and below 1000: 856 and 1.234 may be 856 and 1234.
CsvHeader read_csv_header(std::string_view text, const CsvOptions& options,
                          const std::string& where);

}  // namespace ncprune
