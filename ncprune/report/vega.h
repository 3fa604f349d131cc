#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "ncprune/base/json.h"

// Building blocks of the Vega specifications of figures.
namespace ncprune::vega {

inline std::string text_of(const Json& spec) {
  return spec.dump(-1, ' ', true, Json::error_handler_t::replace);
}

// Encodings: a field through a scale, a field as it is, a constant.
inline Json scaled(const std::string& scale, const std::string& field) {
  return {{"scale", scale}, {"field", field}};
}
inline Json field(const std::string& name) {
  return {{"field", name}};
}
inline Json value(const Json& constant) {
  return {{"value", constant}};
}

inline Json mark(const std::string& type, const std::string& data, const Json& encoding) {
  return {{"type", type}, {"from", {{"data", data}}}, {"encode", {{"update", encoding}}}};
}

inline Json specification(double height) {
  return {{"$schema", "https://vega.github.io/schema/vega/v5.json"},
          {"height", height},
          {"padding", 4}};
}

}  // namespace ncprune::vega
