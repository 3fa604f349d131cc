#include "ncprune/base/json.h"

#include <nlohmann/json.hpp>

#include "ncprune/base/file.h"

namespace ncprune {
namespace {

bool is_flat(const Json& json) {
  for (const Json& item : json) {
    if (item.is_structured()) return false;
  }
  return true;
}

void append(std::string& text, const Json& json, const std::string& indent) {
  if (!json.is_structured() || json.empty() || (json.is_array() && is_flat(json))) {
    text += json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  const std::string inner = indent + "  ";
  text += json.is_array() ? "[" : "{";
  bool first = true;
  for (const auto& [key, value] : json.items()) {
    text += (first ? "\n" : ",\n") + inner;
    if (json.is_object()) {
      text += Json(key).dump(-1, ' ', false, Json::error_handler_t::replace) + ": ";
    }
    append(text, value, inner);
    first = false;
  }
  text += "\n" + indent + (json.is_array() ? "]" : "}");
}

}  // namespace

std::string json_text(const Json& json) {
  std::string text;
  append(text, json, "");
  return text + "\n";
}

void write_json(const std::string& path, const Json& json) {
  write_file(path, json_text(json));
}

}  // namespace ncprune
