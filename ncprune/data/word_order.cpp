#include "ncprune/data/word_order.h"

#include <algorithm>

namespace ncprune {

std::vector<std::string> texts_of(const std::vector<CsvWord>& words) {
  std::vector<std::string> texts;
  texts.reserve(words.size());
  for (const CsvWord& word : words) texts.push_back(word.text);
  return texts;
}

std::vector<std::string> sorted_words(std::vector<std::string> words) {
  std::sort(words.begin(), words.end());
  std::vector<std::pair<double, std::string>> numbers;
  for (const std::string& word : words) {
    const CellNumber number = parse_cell(word, {});
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

bool is_missing_token(std::string_view word, const std::vector<std::string>& tokens) {
  const auto same = [](char a, char b) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return lower(a) == lower(b);
  };
  return std::any_of(tokens.begin(), tokens.end(), [&](const std::string& token) {
    return std::equal(word.begin(), word.end(), token.begin(), token.end(), same);
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
