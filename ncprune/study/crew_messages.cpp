#include "ncprune/study/crew_messages.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace ncprune {

Json pack_group(const CellGroup& group) {
  Json cells = Json::array();
  for (const StudyCell& cell : group) cells.push_back(bytes_json(pack_cell(cell)));
  return cells;
}

CellGroup unpack_group(const Json& json) {
  CellGroup group;
  for (const Json& cell : json) group.push_back(unpack_cell(json_bytes(cell)));
  return group;
}

std::string crew_key(const char* what, int64_t worker) {
  return fmt::format("{}/{}", what, worker);
}

}  // namespace ncprune
