#pragma once

#include <map>
#include <string>
#include <vector>

#include "ncprune/data/csv.h"
#include "ncprune/data/table_encoding.h"

namespace ncprune {

// A column with more words becomes inputs only when it is asked for.
inline constexpr size_t kMaxOneHotWords = 64;

// The options that a user gives for the columns of a table.
struct EncodingChoice {
  std::vector<std::string> onehot = {};
  std::vector<std::string> ordinal = {};
  // The words of ordinal columns in their order, by column; by default sorted.
  std::map<std::string, std::vector<std::string>, std::less<>> orders = {};
  // Whether all words that the training file holds once, and those beyond the kMaxOneHotWords most
  // frequent, share the input EncodedColumn::other.
  bool bin_unknown = false;
};

// Learns the encoding of `table`, the training rows, which messages call `where`. `table` was read
// with the columns of `choice` as words. Columns become:
//   number    if all cells are numbers, unless chosen otherwise;
//   boolean   if all are true and false, or yes and no;
//   onehot    up to kMaxOneHotWords words, or if chosen;
//   ordinal   if chosen.
// Words are in the order chosen, by default as numbers when all are numbers, otherwise as text.
// Throws InputError, naming the column and the option that helps, for a column without values, of
// dates or times, of a different word in nearly every row (0.9 of at least 20), of too many words,
// of mostly numbers with a word that occurs once, and for a word that is not in the order chosen.
TableEncoding learn_table(const CsvTable& table, const CsvOptions& options,
                          const EncodingChoice& choice, const std::string& where);

}  // namespace ncprune
