#pragma once

#include <string>

#include "ncprune/base/json.h"

namespace ncprune {

// JSON as CBOR bytes, to be sent between processes; Json::from_cbor() reads them.
std::string packed_json(const Json& json);

// Bytes as a value in such JSON. json_bytes() throws nlohmann's exceptions when `json` holds none.
Json bytes_json(const std::string& bytes);
std::string json_bytes(const Json& json);

}  // namespace ncprune
