#pragma once

#include <string>
#include <vector>

namespace ncprune {

// The names in a table (anything with a text `member`), for help texts and messages: "a, b or c".
template <typename Entry>
std::string choices(const std::vector<Entry>& table, std::string Entry::*member = &Entry::name) {
  std::string list;
  for (size_t i = 0; i < table.size(); ++i) {
    if (i > 0) list += i + 1 < table.size() ? ", " : " or ";
    list += table[i].*member;
  }
  return list;
}

}  // namespace ncprune
