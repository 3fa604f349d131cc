#include "ncprune/data/table_learning.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "ncprune/base/error.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/table_refusals.h"
#include "ncprune/data/word_order.h"

namespace ncprune {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The lower median.
float median(std::vector<float> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// A column of numbers. Words are all numbers where only other rows of the file hold a real word.
bool is_number(const CsvColumn& column, const NumberForm& form) {
  return !column.numbers.empty() ||
         std::all_of(column.words.begin(), column.words.end(), [&](const CsvWord& word) {
           return parse_cell(word.text, form).problem == nullptr;
         });
}

bool is_boolean(const CsvColumn& column) {
  const auto all = [&](bool (*test)(std::string_view)) {
    return std::all_of(column.words.begin(), column.words.end(),
                       [&](const CsvWord& word) { return test(word.text); });
  };
  const auto truth = [](std::string_view word) {
    return is_word(word, "true") || is_word(word, "false");
  };
  const auto answer = [](std::string_view word) {
    return is_word(word, "yes") || is_word(word, "no");
  };
  return all(truth) || all(answer);
}

// The words that keep an input each when the others share one.
std::vector<CsvWord> frequent_words(std::vector<CsvWord> words) {
  std::erase_if(words, [](const CsvWord& word) { return word.count == 1; });
  std::stable_sort(words.begin(), words.end(),
                   [](const CsvWord& a, const CsvWord& b) { return a.count > b.count; });
  if (words.size() > kMaxOneHotWords) words.resize(kMaxOneHotWords);
  return words;
}

// The lower median of the cells' inputs, when `place` is the input of every word of the column.
float median_place(const LearnedColumn& c, const std::vector<float>& place) {
  std::vector<float> values;
  for (const uint32_t cell : c.column.cells) {
    if (cell != CsvColumn::kMissing) values.push_back(place[cell]);
  }
  return median(std::move(values));
}

EncodedColumn learn_number(const LearnedColumn& c, EncodedColumn encoded) {
  if (c.column.numbers.empty()) {
    std::vector<float> place;
    for (const CsvWord& word : c.column.words) {
      place.push_back(static_cast<float>(parse_cell(word.text, c.table.form).value));
    }
    encoded.usual = median_place(c, place);
    return encoded;
  }
  std::vector<float> values = c.column.numbers;
  if (c.column.missing > 0) std::erase_if(values, [](float value) { return std::isnan(value); });
  encoded.usual = median(std::move(values));
  return encoded;
}

EncodedColumn learn_boolean(const LearnedColumn& c, EncodedColumn encoded) {
  std::vector<float> place;
  for (const CsvWord& word : c.column.words) place.push_back(*truth_of(word.text) ? 1.0F : 0.0F);
  encoded.kind = ColumnKind::kBoolean;
  encoded.usual = median_place(c, place);
  return encoded;
}

EncodedColumn learn_ordinal(const LearnedColumn& c, EncodedColumn encoded,
                            const EncodingChoice& choice) {
  const auto order = choice.orders.find(c.column.name);
  encoded.kind = ColumnKind::kOrdinal;
  encoded.words =
      order == choice.orders.end() ? sorted_words(texts_of(c.column.words)) : order->second;
  const WordNumbers numbers(encoded.words);
  std::vector<float> place;
  for (const CsvWord& word : c.column.words) {
    const std::optional<int64_t> number = numbers.find(word.text);
    if (!number) {
      throw InputError(fmt::format(
          "{}: line {}, column '{}': '{}' is not in ordinal={}({}); missing={} reads it as missing",
          c.where, word.line, excerpt(c.column.name), excerpt(word.text), excerpt(c.column.name),
          excerpt(fmt::format("{}", fmt::join(encoded.words, "<"))), excerpt(word.text)));
    }
    place.push_back(static_cast<float>(*number));
  }
  encoded.usual = median_place(c, place);
  return encoded;
}

EncodedColumn learn_onehot(const LearnedColumn& c, EncodedColumn encoded, bool bin_unknown) {
  std::vector<CsvWord> words = c.column.words;
  if (bin_unknown) {
    std::vector<CsvWord> frequent = frequent_words(words);
    encoded.other = !frequent.empty() && frequent.size() < words.size();
    if (encoded.other) words = std::move(frequent);
  }
  encoded.kind = ColumnKind::kOnehot;
  encoded.words = sorted_words(texts_of(words));
  const auto usual =
      std::max_element(words.begin(), words.end(),
                       [](const CsvWord& a, const CsvWord& b) { return a.count < b.count; });
  encoded.usual = static_cast<float>(*WordNumbers(encoded.words).find(usual->text));
  return encoded;
}

EncodedColumn learn_words(const LearnedColumn& c, EncodedColumn encoded,
                          const EncodingChoice& choice) {
  const std::string& name = c.column.name;
  const bool onehot = contains(choice.onehot, name);
  if (contains(choice.ordinal, name)) {
    require_words_fit(c);
    return learn_ordinal(c, std::move(encoded), choice);
  }
  if (!onehot) {
    if (is_number(c.column, c.table.form)) return learn_number(c, std::move(encoded));
    if (is_boolean(c.column)) return learn_boolean(c, std::move(encoded));
    require_no_dates(c);
    require_plain_numbers(c);
    require_no_stray_word(c);
    require_no_ids(c);
  }
  require_words_fit(c);
  encoded = learn_onehot(c, std::move(encoded), choice.bin_unknown);
  if (!onehot) require_few_words(c, encoded.words.size());
  return encoded;
}

}  // namespace

TableEncoding learn_table(const CsvTable& table, const CsvOptions& options,
                          const EncodingChoice& choice, const std::string& where) {
  const CsvColumn& labels = table.columns[table.label];
  TableEncoding encoding{.label = labels.name,
                         .class_names = sorted_words(texts_of(labels.words)),
                         .columns = {},
                         .ignored = {},
                         .missing = options.missing};
  require_values(table, where);
  for (const CsvColumn& column : table.columns) {
    if (&column == &labels) continue;
    if (column.ignored) {
      encoding.ignored.push_back(column.name);
      continue;
    }
    const LearnedColumn c{column, table, where};
    EncodedColumn encoded{.name = column.name, .gaps = column.missing > 0};
    encoding.columns.push_back(column.numbers.empty() ? learn_words(c, std::move(encoded), choice)
                                                      : learn_number(c, std::move(encoded)));
  }
  if (encoding.columns.empty()) {
    throw InputError(fmt::format("{}: every column is ignored; no features to learn from", where));
  }
  return encoding;
}

}  // namespace ncprune
