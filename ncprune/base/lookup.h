#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "ncprune/base/error.h"

namespace ncprune {

// Returns the entry of `table` (entries have a member `name`) called `name`. If there is none,
// throws InputError that names the `kind` of thing and lists the known names.
template <typename Entry>
const Entry& find_named(const std::vector<Entry>& table, std::string_view name,
                        std::string_view kind) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Entry& e) { return e.name == name; });
  if (found != table.end()) return *found;
  std::string known;
  for (const Entry& entry : table) known += (known.empty() ? "" : ", ") + std::string(entry.name);
  throw InputError(fmt::format("unknown {} '{}'; known: {}", kind, name, known));
}

}  // namespace ncprune
