#include "ncprune/data/table_rows.h"

#include <cmath>

#include "ncprune/data/word_order.h"

namespace ncprune {
namespace {

void take_numbers(CsvColumn& taken, const CsvColumn& column, const std::vector<int64_t>& rows) {
  taken.numbers.reserve(rows.size());
  for (const int64_t row : rows) {
    const float number = column.numbers[static_cast<size_t>(row)];
    taken.missing += std::isnan(number) ? 1 : 0;
    taken.numbers.push_back(number);
  }
}

void take_words(CsvColumn& taken, const CsvColumn& column, const std::vector<int64_t>& rows) {
  std::vector<uint32_t> places(column.words.size(), CsvColumn::kMissing);  // of words in `taken`
  taken.cells.reserve(rows.size());
  for (const int64_t row : rows) {
    if (static_cast<size_t>(row) >= column.cells.size()) break;  // too many words
    const uint32_t cell = column.cells[static_cast<size_t>(row)];
    if (cell == CsvColumn::kMissing) {
      ++taken.missing;
      taken.cells.push_back(CsvColumn::kMissing);
      continue;
    }
    uint32_t& place = places[cell];
    if (place == CsvColumn::kMissing) {
      place = static_cast<uint32_t>(taken.words.size());
      const CsvWord& word = column.words[cell];
      taken.words.push_back({.text = word.text, .count = 0, .line = word.line});
    }
    ++taken.words[place].count;
    taken.cells.push_back(place);
  }
}

}  // namespace

std::vector<int64_t> sorted_labels(const CsvTable& table) {
  const CsvColumn& column = table.columns[table.label];
  const WordNumbers order(sorted_words(texts_of(column.words)));
  std::vector<int64_t> numbers;
  numbers.reserve(column.words.size());
  for (const CsvWord& word : column.words) numbers.push_back(*order.find(word.text));
  std::vector<int64_t> labels;
  labels.reserve(column.cells.size());
  for (const uint32_t cell : column.cells) labels.push_back(numbers[cell]);
  return labels;
}

CsvTable with_rows(const CsvTable& table, const std::vector<int64_t>& rows) {
  CsvTable taken{.columns = {},
                 .label = table.label,
                 .rows = static_cast<int64_t>(rows.size()),
                 .form = table.form,
                 .notes = table.notes,
                 .warnings = table.warnings};
  for (const CsvColumn& column : table.columns) {
    CsvColumn& own = taken.columns.emplace_back();
    own.name = column.name;
    own.ignored = column.ignored;
    own.too_many_words = column.too_many_words;
    if (column.numbers.empty()) {
      take_words(own, column, rows);
    } else {
      take_numbers(own, column, rows);
    }
  }
  return taken;
}

}  // namespace ncprune
