#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ncprune/data/csv.h"

namespace ncprune {

// The typographic minus sign (U+2212).
inline constexpr std::string_view kMinus = "\xE2\x88\x92";

// `cell` without the units and the thousands separators of `form` and with a plain minus sign; what
// is left need not be a number. Empty when the separators do not stand between groups of three
// digits. A sign may stand before or after a unit in front.
std::optional<std::string> plain_number(std::string_view cell, const NumberForm& form);

// A form of numbers, other than `form`, in which all `words` are numbers, if there is one: with a
// thousands separator, with another decimal mark, or with a unit that all of them have.
std::optional<NumberForm> other_form(const std::vector<CsvWord>& words, const NumberForm& form);

// The options of csv: that say how `wanted` differs from `form`: "thousands=,&units=%".
std::string form_options(const NumberForm& wanted, const NumberForm& form);

}  // namespace ncprune
