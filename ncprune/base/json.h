#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace ncprune {

using Json = nlohmann::ordered_json;  // keys keep the order in which they were written

void write_json(const std::string& path, const Json& json);

// The text of `json`: indented, arrays of plain numbers on one line, not-a-number as null.
std::string json_text(const Json& json);

}  // namespace ncprune
