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

// The names in a table, one by one.
template <typename Entry>
std::vector<std::string> all_names(const std::vector<Entry>& table) {
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const Entry& entry : table) names.emplace_back(entry.name);
  return names;
}

}  // namespace ncprune
