#include "ncprune/data/word_order.h"

#include <algorithm>

#include "ncprune/data/csv.h"

namespace ncprune {

std::vector<std::string> sorted_words(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  std::vector<std::pair<double, std::string>> numbers;
  for (const std::string& word : words) {
    const CellNumber number = parse_cell(word, '.');
    if (number.problem != nullptr) return words;
    numbers.emplace_back(number.value, word);
  }
  std::stable_sort(numbers.begin(), numbers.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < words.size(); ++i) words[i] = std::move(numbers[i].second);
  return words;
}

bool is_word(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::optional<bool> truth_of(std::string_view word) {
  if (is_word(word, "true") || is_word(word, "yes")) return true;
  if (is_word(word, "false") || is_word(word, "no")) return false;
  return std::nullopt;
}

WordNumbers::WordNumbers(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    numbers_.emplace(word, static_cast<int64_t>(numbers_.size()));
  }
}

std::optional<int64_t> WordNumbers::find(const std::string& word) const {
  const auto found = numbers_.find(word);
  return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace ncprune
