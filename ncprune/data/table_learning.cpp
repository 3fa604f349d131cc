#include "ncprune/data/table_learning.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "ncprune/base/error.h"
#include "ncprune/data/date_word.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/word_order.h"

namespace ncprune {
namespace {

constexpr double kShareOfIds = 0.9;
constexpr int64_t kMinRowsOfIds = 20;

// A column, its table, and what messages about it need.
struct LearnedColumn {
  const CsvColumn& column;
  const CsvTable& table;
  const std::string& where;

  int64_t present() const { return table.rows - column.missing; }

  [[noreturn]] void refuse(const std::string& why) const {
    throw InputError(fmt::format("{}: column '{}' {}", where, excerpt(column.name), why));
  }
  // The option with this column's name.
  std::string option(std::string_view key) const {
    return fmt::format("{}={}", key, excerpt(column.name));
  }
};

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
bool is_number(const CsvColumn& column, char decimal) {
  return !column.numbers.empty() ||
         std::all_of(column.words.begin(), column.words.end(), [&](const CsvWord& word) {
           return parse_cell(word.text, decimal).problem == nullptr;
         });
}

// Whether the numbers are N consecutive whole numbers in any order. A short column can be so by
// chance, and in a longer one floats do not tell neighbours apart.
bool counts_rows(const CsvColumn& column) {
  constexpr size_t kMinRows = 10;
  constexpr size_t kMaxRows = size_t{1} << 24U;
  const std::vector<float>& numbers = column.numbers;
  if (numbers.size() < kMinRows || numbers.size() > kMaxRows || column.missing > 0) return false;
  const auto is_whole = [](float value) { return value == std::floor(value); };
  if (!std::all_of(numbers.begin(), numbers.end(), is_whole)) return false;
  const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
  if (*high - *low != static_cast<float>(numbers.size() - 1)) return false;
  std::vector<bool> seen(numbers.size());
  for (const float value : numbers) {
    const auto place = static_cast<size_t>(value - *low);
    if (place >= seen.size() || seen[place]) return false;
    seen[place] = true;
  }
  return true;
}

// Refuses a column of mostly numbers with a word that looks like a mistake.
void require_no_stray_word(const LearnedColumn& c) {
  int64_t numbers = 0;
  const CsvWord* stray = nullptr;
  CellNumber read;
  for (const CsvWord& word : c.column.words) {
    const CellNumber number = parse_cell(word.text, c.table.decimal);
    const bool written_as_number = number.problem == nullptr || number.out_of_range;
    if (written_as_number) numbers += word.count;
    const bool with_comma = parse_cell(word.text, ',').problem == nullptr;
    const bool suspect =
        number.problem != nullptr && (word.count == 1 || number.out_of_range || with_comma ||
                                      c.column.words.size() > kMaxOneHotWords);
    if (stray != nullptr || !suspect) continue;
    stray = &word;
    read = number;
  }
  const bool mostly_commas = stray != nullptr && parse_cell(stray->text, ',').problem == nullptr;
  if (stray == nullptr || (2 * numbers < c.present() && !mostly_commas)) return;
  throw InputError(fmt::format(
      "{}: line {}, column '{}': '{}' {}; {}{} reads the cells as words, missing={} this one as "
      "missing",
      c.where, stray->line, excerpt(c.column.name), excerpt(stray->text), read.problem,
      mostly_commas ? "decimal=, reads decimal commas, " : "", c.option("onehot"),
      excerpt(stray->text)));
}

void require_no_dates(const LearnedColumn& c) {
  const std::vector<CsvWord>& words = c.column.words;
  if (!std::all_of(words.begin(), words.end(),
                   [](const CsvWord& word) { return is_date_word(word.text); })) {
    return;
  }
  c.refuse(fmt::format(
      "holds dates or times, such as '{}' in line {}; {} leaves it out, {} takes "
      "them as words",
      excerpt(words.front().text), words.front().line, c.option("ignore"), c.option("onehot")));
}

void require_no_ids(const LearnedColumn& c) {
  // The words beyond the limit are not counted: the column has at least as many cells.
  const auto words = static_cast<double>(c.column.words.size());
  const auto cells = static_cast<double>(
      c.column.too_many_words ? static_cast<int64_t>(c.column.cells.size()) : c.present());
  if (c.present() < kMinRowsOfIds || words < kShareOfIds * cells) return;
  c.refuse(fmt::format(
      "holds a different word in nearly every row, as ids do, such as '{}' in "
      "line {}; {} leaves it out",
      excerpt(c.column.words.front().text), c.column.words.front().line, c.option("ignore")));
}

void require_words_fit(const LearnedColumn& c) {
  if (!c.column.too_many_words) return;
  c.refuse(fmt::format("holds more than {} different words; {} leaves it out", kMaxWords,
                       c.option("ignore")));
}

void require_few_words(const LearnedColumn& c, size_t words) {
  if (words <= kMaxOneHotWords) return;
  c.refuse(fmt::format(
      "holds {} different words, more than {}; {} leaves it out, {} numbers the words, {} makes an "
      "input of each, unknown=bin of the {} most frequent",
      words, kMaxOneHotWords, c.option("ignore"), c.option("ordinal"), c.option("onehot"),
      kMaxOneHotWords));
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
      place.push_back(static_cast<float>(parse_cell(word.text, c.table.decimal).value));
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
    if (is_number(c.column, c.table.decimal)) return learn_number(c, std::move(encoded));
    if (is_boolean(c.column)) return learn_boolean(c, std::move(encoded));
    require_no_dates(c);
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
  for (const CsvColumn& column : table.columns) {
    if (&column == &labels) continue;
    if (column.ignored) {
      encoding.ignored.push_back(column.name);
      continue;
    }
    const LearnedColumn c{column, table, where};
    if (c.present() == 0)
      c.refuse(fmt::format("has no values; {} leaves it out", c.option("ignore")));
    EncodedColumn encoded{.name = column.name, .gaps = column.missing > 0};
    encoding.columns.push_back(column.numbers.empty() ? learn_words(c, std::move(encoded), choice)
                                                      : learn_number(c, std::move(encoded)));
  }
  if (encoding.columns.empty()) {
    throw InputError(fmt::format("{}: every column is ignored; no features to learn from", where));
  }
  return encoding;
}

std::vector<std::string> table_warnings(const CsvTable& table, const std::string& where) {
  std::vector<std::string> warnings;
  for (const CsvColumn& column : table.columns) {
    if (!counts_rows(column)) continue;
    warnings.push_back(fmt::format("{}: column '{}' only counts the rows; ignore={} leaves it out",
                                   where, excerpt(column.name), excerpt(column.name)));
  }
  return warnings;
}

}  // namespace ncprune
