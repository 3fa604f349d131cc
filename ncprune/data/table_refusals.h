#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ncprune/data/csv.h"

namespace ncprune {

// A column of training rows, its table, and what messages call it.
struct LearnedColumn {
  const CsvColumn& column;
  const CsvTable& table;
  const std::string& where;

  int64_t present() const { return table.rows - column.missing; }

  // Throws InputError that names the column.
  [[noreturn]] void refuse(const std::string& why) const;
  // The option `key` with this column's name.
  std::string option(std::string_view key) const;
};

// Each of these throws InputError that names the column, what it holds and the option that helps.

// Unless every column that is not ignored has a value; all others are named at once.
void require_values(const CsvTable& table, const std::string& where);

// For a column of mostly numbers with a word that looks like a mistake.
void require_no_stray_word(const LearnedColumn& c);

// For a column of numbers with thousands separators or a unit. Few words with a unit are left as
// words.
void require_plain_numbers(const LearnedColumn& c);

// For dates or times, and for a different word in nearly every row (0.9 of at least 20).
void require_no_dates(const LearnedColumn& c);
void require_no_ids(const LearnedColumn& c);

// For more than kMaxWords words, and for more than kMaxOneHotWords (table_learning.h).
void require_words_fit(const LearnedColumn& c);
void require_few_words(const LearnedColumn& c, size_t words);

}  // namespace ncprune
