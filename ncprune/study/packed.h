#pragma once

#include <string>

#include "ncprune/base/json.h"

namespace ncprune {

// JSON as bytes (CBOR), in which processes send it to each other; Json::from_cbor() reads it.
std::string packed_json(const Json& json);

// Bytes within such JSON. json_bytes() throws nlohmann's exceptions when it holds none.
Json bytes_json(const std::string& bytes);
std::string json_bytes(const Json& json);

}  // namespace ncprune
