#include "ncprune/data/table_refusals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "ncprune/base/error.h"
#include "ncprune/data/date_word.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/plain_number.h"
#include "ncprune/data/table_learning.h"

namespace ncprune {
namespace {

constexpr double kShareOfIds = 0.9;
constexpr int64_t kMinRowsOfIds = 20;

}  // namespace

void LearnedColumn::refuse(const std::string& why) const {
  throw InputError(fmt::format("{}: column '{}' {}", where, excerpt(column.name), why));
}

std::string LearnedColumn::option(std::string_view key) const {
  return fmt::format("{}={}", key, excerpt(column.name));
}

// Names all columns without values at once: wide tables have many.
void require_values(const CsvTable& table, const std::string& where) {
  std::vector<std::string> empty;
  for (const CsvColumn& column : table.columns) {
    const bool label = &column == &table.columns[table.label];
    if (!label && !column.ignored && column.missing == table.rows) {
      empty.push_back(excerpt(column.name));
    }
  }
  if (empty.empty()) return;
  const bool one = empty.size() == 1;
  throw InputError(fmt::format("{}: column{} '{}' {} no values; ignore={} leaves {} out", where,
                               one ? "" : "s", fmt::join(empty, "', '"), one ? "has" : "have",
                               fmt::join(empty, ","), one ? "it" : "them"));
}

void require_no_stray_word(const LearnedColumn& c) {
  int64_t numbers = 0;
  const CsvWord* stray = nullptr;
  CellNumber read;
  for (const CsvWord& word : c.column.words) {
    const CellNumber number = parse_cell(word.text, c.table.form);
    const bool written_as_number = number.problem == nullptr || number.out_of_range;
    if (written_as_number) numbers += word.count;
    const bool with_comma = parse_cell(word.text, {.decimal = ','}).problem == nullptr;
    const bool suspect =
        number.problem != nullptr && (word.count == 1 || number.out_of_range || with_comma ||
                                      c.column.words.size() > kMaxOneHotWords);
    if (stray != nullptr || !suspect) continue;
    stray = &word;
    read = number;
  }
  const bool mostly_commas =
      stray != nullptr && parse_cell(stray->text, {.decimal = ','}).problem == nullptr;
  if (stray == nullptr || (2 * numbers < c.present() && !mostly_commas)) return;
  throw InputError(fmt::format(
      "{}: line {}, column '{}': '{}' {}; {}{} reads the cells as words, missing={} this one as "
      "missing",
      c.where, stray->line, excerpt(c.column.name), excerpt(stray->text), read.problem,
      mostly_commas ? "decimal=, reads decimal commas, " : "", c.option("onehot"),
      excerpt(stray->text)));
}

void require_plain_numbers(const LearnedColumn& c) {
  const std::vector<CsvWord>& words = c.column.words;
  const std::optional<NumberForm> form = other_form(words, c.table.form);
  if (!form) return;
  if (form->thousands == c.table.form.thousands && form->units == c.table.form.units) return;
  const bool unit = form->units.size() > c.table.form.units.size();
  if (unit && words.size() <= kMaxOneHotWords) return;
  const auto shown = std::find_if(words.begin(), words.end(), [&](const CsvWord& word) {
    return parse_cell(word.text, c.table.form).problem != nullptr;
  });
  if (shown == words.end()) return;
  const double value = parse_cell(shown->text, *form).value;
  // 1,234 is either.
  std::string other;
  if (form->thousands && form->thousands != c.table.form.thousands) {
    const CellNumber decimal = parse_cell(shown->text, {.decimal = *form->thousands});
    if (decimal.problem == nullptr) {
      other = fmt::format(", decimal={} as {}", *form->thousands, decimal.value);
    }
  }
  c.refuse(
      fmt::format("holds numbers in another form, such as '{}' in line {}; {} reads it as {}{}, {} "
                  "takes the cells as words",
                  excerpt(shown->text), shown->line, excerpt(form_options(*form, c.table.form)),
                  value, other, c.option("onehot")));
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

}  // namespace ncprune
