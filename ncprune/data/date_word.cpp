#include "ncprune/data/date_word.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

namespace ncprune {
namespace {

// A run of digits, a run of letters (in small letters), or one other character.
std::vector<std::string> tokens_of(std::string_view word) {
  std::vector<std::string> tokens;
  const auto is = [](int (*kind)(int), char c) { return kind(static_cast<unsigned char>(c)) != 0; };
  for (const char c : word) {
    const bool joins =
        !tokens.empty() && ((is(std::isdigit, c) && is(std::isdigit, tokens.back()[0])) ||
                            (is(std::isalpha, c) && is(std::isalpha, tokens.back()[0])));
    const char small = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (joins) {
      tokens.back() += small;
    } else {
      tokens.emplace_back(1, small);
    }
  }
  return tokens;
}

bool is_digits(const std::string& token, size_t shortest, size_t longest) {
  return std::isdigit(static_cast<unsigned char>(token.front())) != 0 && token.size() >= shortest &&
         token.size() <= longest;
}

bool is_month(const std::string& token) {
  constexpr std::array<std::string_view, 12> kMonths{
      "january", "february", "march",     "april",   "may",      "june",
      "july",    "august",   "september", "october", "november", "december"};
  return std::any_of(kMonths.begin(), kMonths.end(), [&](std::string_view month) {
    return token == month || token == month.substr(0, 3);
  });
}

// Day, month and year in any order with one mark between them.
bool begins_with_numeric_date(const std::vector<std::string>& tokens) {
  if (tokens.size() < 5 || tokens[1] != tokens[3] ||
      std::string_view("-/.").find(tokens[1]) == std::string_view::npos) {
    return false;
  }
  bool year = false;
  bool pairs = true;
  for (const size_t i : std::array<size_t, 3>{0, 2, 4}) {
    const std::string& token = tokens[i];
    if (!is_digits(token, 1, 4) || token.size() == 3) return false;
    year = year || token.size() == 4;
    pairs = pairs && token.size() == 2;
  }
  const bool ends = tokens.size() == 5 || tokens[5] == " " || tokens[5] == "t";
  return ends && (year || pairs || tokens[1] != ".");
}

bool begins_with_time(const std::vector<std::string>& tokens) {
  return tokens.size() >= 3 && tokens.size() <= 9 && is_digits(tokens[0], 1, 2) &&
         tokens[1] == ":" && is_digits(tokens[2], 2, 2);
}

bool names_month(const std::vector<std::string>& tokens) {
  constexpr size_t kLongest = 16;
  const auto digits = std::count_if(tokens.begin(), tokens.end(),
                                    [](const std::string& t) { return is_digits(t, 1, 4); });
  return digits >= 2 && tokens.size() <= kLongest &&
         std::count_if(tokens.begin(), tokens.end(), is_month) == 1;
}

}  // namespace

bool is_date_word(std::string_view word) {
  constexpr size_t kLongest = 40;
  if (word.empty() || word.size() > kLongest) return false;
  const std::vector<std::string> tokens = tokens_of(word);
  return begins_with_numeric_date(tokens) || begins_with_time(tokens) || names_month(tokens);
}

}  // namespace ncprune
