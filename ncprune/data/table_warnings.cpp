#include "ncprune/data/table_warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "ncprune/data/excerpt.h"
#include "ncprune/data/word_order.h"

namespace ncprune {
namespace {

constexpr size_t kMinRows = 10;  // a shorter column can be of any kind by chance

// Whether the numbers are N consecutive whole numbers in any order. A short column can be so by
// chance, and in a longer one floats do not tell neighbours apart.
bool counts_rows(const CsvColumn& column) {
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

// Whether all numbers are whole and so large that 32-bit floats round them.
bool holds_large_ids(const CsvColumn& column) {
  constexpr float kExact = 16777216;  // 2^24
  return column.numbers.size() >= kMinRows && column.missing == 0 &&
         std::all_of(column.numbers.begin(), column.numbers.end(), [](float value) {
           return value == std::floor(value) && std::abs(value) > kExact;
         });
}

// A key that labels of the same meaning share: the number, or the label in small letters.
std::string meaning_of(const std::string& label) {
  const CellNumber number = parse_cell(label, {});
  if (number.problem == nullptr) return fmt::format("{}", number.value);
  std::string small = label;
  std::transform(small.begin(), small.end(), small.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return small;
}

void warn_of_labels(const CsvColumn& column, const std::vector<std::string>& missing,
                    const std::string& where, std::vector<std::string>& warnings) {
  std::map<std::string, const CsvWord*> meanings;
  for (const CsvWord& word : column.words) {
    if (is_missing_token(word.text, missing)) {
      warnings.push_back(
          fmt::format("{}: line {}: the label '{}' is taken as a class, not as a missing label",
                      where, word.line, excerpt(word.text)));
    }
    if (word.text == column.name) {
      warnings.push_back(fmt::format(
          "{}: line {}: the label '{}' is also the name of its column; header=none reads the first "
          "line as a row",
          where, word.line, excerpt(word.text)));
    }
    const auto [same, added] = meanings.emplace(meaning_of(word.text), &word);
    if (added) continue;
    warnings.push_back(fmt::format(
        "{}: the labels '{}' (line {}) and '{}' (line {}) are different classes", where,
        excerpt(same->second->text), same->second->line, excerpt(word.text), word.line));
  }
}

}  // namespace

std::vector<std::string> table_warnings(const CsvTable& table,
                                        const std::vector<std::string>& missing,
                                        const std::string& where) {
  std::vector<std::string> warnings;
  for (const std::string& warning : table.warnings) {
    warnings.push_back(fmt::format("{}: {}", where, warning));
  }
  const auto warn = [&](const CsvColumn& column, const char* what) {
    warnings.push_back(fmt::format("{}: column '{}' {}; ignore={} leaves it out", where,
                                   excerpt(column.name), what, excerpt(column.name)));
  };
  for (const CsvColumn& column : table.columns) {
    if (counts_rows(column)) {
      warn(column, "only counts the rows");
    } else if (holds_large_ids(column)) {
      warn(column, "holds whole numbers above 16777216, as ids, which 32-bit floats round");
    }
  }
  warn_of_labels(table.columns[table.label], missing, where, warnings);
  return warnings;
}

}  // namespace ncprune
