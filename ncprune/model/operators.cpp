#include "ncprune/model/operators.h"

#include <algorithm>

namespace ncprune {

const Operator* find_operator(const std::string& name) {
  const std::vector<Operator>& table = operators();
  const auto found = std::lower_bound(table.begin(), table.end(), name,
                                      [](const Operator& o, const std::string& n) { return o.name < n; });
  return found != table.end() && found->name == name ? &*found : nullptr;
}

}  // namespace ncprune
