#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ncprune/data/csv.h"

namespace ncprune {

// The words' texts.
std::vector<std::string> texts_of(const std::vector<CsvWord>& words);

// `words` in ascending order: as numbers when all of them are numbers, otherwise as text.
std::vector<std::string> sorted_words(std::vector<std::string> words);

// Whether `text` is `word`, which has small letters, in any case of letters.
bool is_word(std::string_view text, std::string_view word);

// Whether `word` is one of `tokens`, in any case of letters.
bool is_missing_token(std::string_view word, const std::vector<std::string>& tokens);

// The value of "true" and "yes" (true), "false" and "no" (false); empty for other words.
std::optional<bool> truth_of(std::string_view word);

// The numbers of words in a list, from 0.
class WordNumbers {
 public:
  explicit WordNumbers(const std::vector<std::string>& words);

  // Empty for a word that is not in the list.
  std::optional<int64_t> find(const std::string& word) const;

 private:
  std::map<std::string, int64_t> numbers_;
};

}  // namespace ncprune
