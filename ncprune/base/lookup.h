#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "ncprune/base/error.h"

namespace ncprune {

// The entry of `table` (anything with a member `name`) called `name`. Throws InputError naming the
// `kind` of thing and listing the known names when there is none.
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
