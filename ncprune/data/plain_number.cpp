#include "ncprune/data/plain_number.h"

#include <algorithm>
#include <array>

#include "ncprune/data/csv_records.h"

namespace ncprune {
namespace {

constexpr std::string_view kDigits = "0123456789";

bool take_front(std::string_view& text, std::string_view part) {
  if (part.empty() || !text.starts_with(part)) return false;
  text.remove_prefix(part.size());
  text = trimmed(text);
  return true;
}

bool take_back(std::string_view& text, std::string_view part) {
  if (part.empty() || !text.ends_with(part)) return false;
  text.remove_suffix(part.size());
  text = trimmed(text);
  return true;
}

// "-" for a minus sign of either kind, "+" for a plus sign.
std::string take_sign(std::string_view& text) {
  if (take_front(text, "-") || take_front(text, kMinus)) return "-";
  return take_front(text, "+") ? "+" : "";
}

// Blanks of every width between groups become one.
std::string plain_blanks(std::string_view text) {
  std::string plain{text};
  for (const std::string_view blank : {"\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89"}) {
    for (size_t at = plain.find(blank); at != std::string::npos; at = plain.find(blank)) {
      plain.replace(at, blank.size(), " ");
    }
  }
  return plain;
}

// "1,234,567.5" -> "1234567.5"; empty unless every separator is followed by three digits and not
// by a fourth, and the first group has one to three that do not begin with 0.
std::optional<std::string> without_groups(const std::string& text, char separator) {
  const size_t digits =
      std::min(text.find_first_not_of(std::string(kDigits) + separator), text.size());
  const std::string_view whole = std::string_view(text).substr(0, digits);
  const std::string rest = text.substr(digits);
  if (rest.find(separator) != std::string::npos) return std::nullopt;
  if (whole.find(separator) == std::string_view::npos) return text;
  std::string joined;
  size_t first = whole.find(separator);
  if (first == 0 || first > 3 || whole.front() == '0') return std::nullopt;
  joined = whole.substr(0, first);
  for (size_t at = first; at < whole.size(); at += 4) {
    const std::string_view group = whole.substr(at, 4);
    const bool three =
        group.size() == 4 && group.front() == separator && group.find_last_of(separator) == 0;
    if (!three) return std::nullopt;
    joined += group.substr(1);
  }
  return joined + rest;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The unit that stands before or after the number in every word; empty if there is none.
std::string common_unit(const std::vector<CsvWord>& words) {
  const auto unit_of = [](const std::string& word) -> std::string {
    const size_t first = word.find_first_of(kDigits);
    const size_t last = word.find_last_of(kDigits);
    if (first == std::string::npos) return "";
    // 007 is no quantity.
    if (word[first] == '0' && first < last && kDigits.find(word[first + 1]) != std::string::npos) {
      return "";
    }
    std::string_view before = trimmed(std::string_view(word).substr(0, first));
    const std::string_view after = trimmed(std::string_view(word).substr(last + 1));
    take_sign(before);
    for (const std::string_view sign : {std::string_view("-"), std::string_view("+"), kMinus}) {
      take_back(before, sign);
    }
    if (before.empty() == after.empty()) return "";
    // A letter before a number makes an id of it, and so does #.
    const bool id = !before.empty() && (before.front() == '#' || is_letter(before.back()));
    return id ? "" : std::string(before.empty() ? after : before);
  };
  const std::string unit = words.empty() ? "" : unit_of(words.front().text);
  const bool common = std::all_of(words.begin(), words.end(),
                                  [&](const CsvWord& word) { return unit_of(word.text) == unit; });
  const bool odd = unit.find_first_of(".,&\"") != std::string::npos;
  return common && !odd ? unit : "";
}

}  // namespace

std::optional<std::string> plain_number(std::string_view cell, const NumberForm& form) {
  cell = trimmed(cell);
  std::string sign = take_sign(cell);
  for (const std::string& unit : form.units) {
    if (take_front(cell, unit) || take_back(cell, unit)) break;
  }
  if (sign.empty()) sign = take_sign(cell);
  // "--5", and the sign inside an exponent stays.
  if (!sign.empty() && !cell.empty() && kDigits.find(cell.front()) == std::string_view::npos &&
      cell.front() != form.decimal && cell.front() != 'i' && cell.front() != 'n') {
    return std::nullopt;
  }
  if (!form.thousands) return sign + std::string(cell);
  const std::optional<std::string> joined = without_groups(
      *form.thousands == ' ' ? plain_blanks(cell) : std::string(cell), *form.thousands);
  return joined ? std::optional(sign + *joined) : std::nullopt;
}

std::optional<NumberForm> other_form(const std::vector<CsvWord>& words, const NumberForm& form) {
  const auto fits = [&](const NumberForm& tried) {
    return !words.empty() && std::all_of(words.begin(), words.end(), [&](const CsvWord& word) {
      const CellNumber number = parse_cell(word.text, tried);
      return number.problem == nullptr || number.out_of_range;
    });
  };
  std::vector<std::vector<std::string>> units{form.units};
  if (const std::string unit = common_unit(words); !unit.empty()) {
    units.push_back(form.units);
    units.back().push_back(unit);
  }
  const std::array<std::optional<char>, 6> thousands{form.thousands, std::nullopt, ',', '.',
                                                     '\'',           ' '};
  for (const char decimal : {form.decimal, form.decimal == '.' ? ',' : '.'}) {
    for (const std::optional<char>& mark : thousands) {
      for (const std::vector<std::string>& own : units) {
        const NumberForm tried{.decimal = decimal, .thousands = mark, .units = own};
        if (mark != decimal && fits(tried)) return tried;
      }
    }
  }
  return std::nullopt;
}

std::string form_options(const NumberForm& wanted, const NumberForm& form) {
  std::string options;
  const auto add = [&](const std::string& option) {
    options += (options.empty() ? "" : "&") + option;
  };
  if (wanted.thousands && wanted.thousands != form.thousands) {
    add("thousands=" + (*wanted.thousands == ' ' ? "space" : std::string(1, *wanted.thousands)));
  }
  if (wanted.decimal != form.decimal) add("decimal=" + std::string(1, wanted.decimal));
  if (wanted.units != form.units) {
    std::string list;
    for (const std::string& unit : wanted.units) list += (list.empty() ? "" : ",") + unit;
    add("units=" + list);
  }
  return options;
}

}  // namespace ncprune
