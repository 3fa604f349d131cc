#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace ncprune {

using Json = nlohmann::ordered_json;  // keeps the order of the keys

void write_json(const std::string& path, const Json& json);

// The text of `json`: indented, arrays of numbers on one line, NaN as null.
std::string json_text(const Json& json);

}  // namespace ncprune
