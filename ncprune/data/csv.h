#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// The facts about a column that are known before it is read.
enum class ColumnRole {
  kNumber,   // every cell is a number or missing
  kWords,    // the cells are words, whatever they look like
  kIgnored,  // not read
};

// How the cells of a table write numbers.
struct NumberForm {
  char decimal = '.';                   // or ','
  std::optional<char> thousands = {};   // between groups of three digits: . , ' or a blank
  std::vector<std::string> units = {};  // texts that may stand before or after a number: %, $
};

// How to read a table. What is not given is found out from the file.
struct CsvOptions {
  std::string label = {};  // the column of labels; "first" and "last" if no column has that name
  std::optional<char> separator = {};  // by default the one of , ; tab | that the header contains
  std::optional<char> decimal = {};    // '.' or ','; see read_csv_header() for the default
  std::optional<char> thousands = {};  // see NumberForm; by default there are none
  std::vector<std::string> units = {};
  bool header = true;  // otherwise the first line is a row, and column names are "column 1", ...
  // Lines that begin with it are skipped. By default only those before the header that begin
  // with #.
  std::string comment = {};
  // Cells that stand for a missing value, as an empty cell does; in any case of letters.
  std::vector<std::string> missing = {"NA", "N/A", "NaN", "null", "?"};
  std::map<std::string, ColumnRole, std::less<>> roles = {};  // by column; the label's is ignored
};

// A word of a column.
struct CsvWord {
  std::string text;
  int64_t count;  // cells that hold it
  int64_t line;   // of the first of them
};

// One column of a table of N rows, as numbers or as words; both are empty when it is ignored.
struct CsvColumn {
  static constexpr uint32_t kMissing = std::numeric_limits<uint32_t>::max();

  std::string name;             // unique: a second 'a' is 'a (2)', a nameless column 'column 3'
  std::vector<float> numbers;   // N of them, finite, or NaN where the value is missing
  std::vector<uint32_t> cells;  // N indices of `words`, or kMissing
  std::vector<CsvWord> words;   // distinct, in the order of their first lines
  bool ignored = false;
  // Whether reading stopped because there are more than kMaxWords words; `cells` is then shorter.
  bool too_many_words = false;
  int64_t missing = 0;  // cells
};

// A table with one column of labels.
struct CsvTable {
  std::vector<CsvColumn> columns;  // in the file's order, with the label
  size_t label = 0;                // the index of the column of labels; its cells are all words
  int64_t rows = 0;                // N >= 1
  NumberForm form;
  std::vector<std::string> notes;  // sentences about the file that its user should know
  // Sentences about columns whose numbers may have thousands separators.
  std::vector<std::string> warnings;
};

// A column with more different words, and a table with more labels, is refused or must be ignored.
inline constexpr size_t kMaxWords = 65536;

// Reads `text`, the text of a whole file (UTF-8) that messages call `where`: see CsvRecords for
// quotes and blanks; column names in the first line, before which Excel may have written sep=X.
// Numbers may have a leading plus sign, and a minus sign may be typographic (U+2212). An empty cell
// behind the last column of every row, and a nameless column without any value, are ignored. A
// column without a role holds numbers when all its cells are numbers or missing, otherwise words.
// Throws InputError (line and column, what was given) when there is no column `label` (the columns
// are listed), a row has too few or too many cells, a label is missing, a cell of a column of
// numbers is not a finite number that fits 32 bits, a quote is not closed, or there are no rows or
// no features.
CsvTable parse_csv(std::string_view text, const CsvOptions& options, const std::string& where);

// A cell as a number.
struct CellNumber {
  double value = 0;
  const char* problem = nullptr;  // why the cell is no number; null if it is one
  bool out_of_range = false;      // whether it is written as one but not finite, or too large
};

// Reads a number of this form with blanks around it.
CellNumber parse_cell(std::string_view cell, const NumberForm& form);

}  // namespace ncprune
