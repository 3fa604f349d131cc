#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// How a column of a table becomes inputs of a network.
enum class ColumnKind {
  kNumber,   // one input
  kBoolean,  // one input: 0 for false and no, 1 for true and yes, in any case of letters
  kOnehot,   // one input for every word: 1 for the row's word, 0 for the others
  kOrdinal,  // one input: the number of the word, from 0
};

// One column, as the training file has it.
struct EncodedColumn {
  std::string name;
  ColumnKind kind = ColumnKind::kNumber;
  // The value that replaces a missing one: the median of the column's inputs (the lower one of
  // two), or for onehot the index of the most frequent word (of several, the first).
  float usual = 0;
  // Whether the training file has missing values here. A last input then tells them: 1 where the
  // value is missing. A onehot column then has none of its words there.
  bool gaps = false;
  // onehot: whether there is an input for all other words, after the words and before `gaps`.
  bool other = false;
  // onehot and ordinal: the words, distinct, in the order of their numbers.
  std::vector<std::string> words = {};

  bool operator==(const EncodedColumn&) const = default;
};

// How the rows of a table become the inputs and labels of a network: learned on the training file,
// remembered with the network, and applied by column name to every other file. INVARIANT: the names
// of the columns are distinct, as are the classes; `usual` fits its column.
struct TableEncoding {
  std::string label;                      // the column of labels
  std::vector<std::string> class_names;   // K of them
  std::vector<EncodedColumn> columns;     // in the order of the inputs
  std::vector<std::string> ignored = {};  // columns that are left out wherever they occur
  std::vector<std::string> missing = {};  // what stands for a missing value, see CsvOptions

  bool operator==(const TableEncoding&) const = default;
};

// Inputs that a column becomes, at least 1.
size_t width(const EncodedColumn& column);

// The names of the inputs: "size", "colour=red", "colour other", "size missing".
std::vector<std::string> feature_names(const TableEncoding& encoding);

// "number", "boolean", "onehot" or "ordinal".
std::string_view name_of(ColumnKind kind);

// The encoding as one line of JSON, version 1, from which parse_table_encoding() restores it.
std::string table_encoding_text(const TableEncoding& encoding);

// Throws InputError, naming `where`, unless `text` is an encoding of a known version that keeps the
// invariant.
TableEncoding parse_table_encoding(std::string_view text, const std::string& where);

}  // namespace ncprune
