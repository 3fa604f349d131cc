#include "ncprune/base/spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "ncprune/base/error.h"

namespace ncprune {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

double parse_number(std::string_view text, std::string_view where) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    throw InputError(fmt::format("{}: '{}' is not a number", where, text));
  }
  return value;
}

std::vector<int64_t> parse_integers(std::string_view text, std::string_view where, int64_t low,
                                    int64_t high) {
  std::vector<int64_t> values;
  for (const std::string& item : split(text, ',')) {
    const double value = parse_number(item, where);
    if (value != std::floor(value) || value < static_cast<double>(low) ||
        value > static_cast<double>(high)) {
      throw InputError(
          fmt::format("{}: '{}' is not a whole number from {} to {}", where, item, low, high));
    }
    values.push_back(static_cast<int64_t>(value));
  }
  return values;
}

Spec parse_spec(std::string_view text) {
  Spec spec{.text = std::string(text), .name = {}, .argument = {}, .options = {}};
  const size_t question = text.find('?');
  const std::string_view head = text.substr(0, question);
  const size_t colon = head.find(':');
  spec.name = head.substr(0, colon);
  if (colon != std::string_view::npos) spec.argument = head.substr(colon + 1);
  if (spec.name.empty()) throw InputError(fmt::format("'{}' does not begin with a name", text));
  if (question == std::string_view::npos) return spec;
  for (const std::string& option : split(text.substr(question + 1), '&')) {
    const size_t equals = option.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw InputError(fmt::format("'{}': option '{}' is not KEY=VALUE", text, option));
    }
    spec.options[option.substr(0, equals)] = option.substr(equals + 1);
  }
  return spec;
}

std::string Spec::get(const std::string& key, const std::string& fallback) const {
  const auto found = options.find(key);
  return found == options.end() ? fallback : found->second;
}

bool Spec::get_bool(const std::string& key, bool fallback) const {
  const std::string value = get(key, fallback ? "true" : "false");
  if (value == "true") return true;
  if (value == "false") return false;
  throw InputError(fmt::format("'{}': {} is '{}', not true or false", text, key, value));
}

double Spec::get_number(const std::string& key, double fallback) const {
  const auto found = options.find(key);
  return found == options.end() ? fallback
                                : parse_number(found->second, fmt::format("'{}': {}", text, key));
}

void Spec::require_known(const std::vector<std::string>& known) const {
  for (const auto& option : options) {
    if (std::find(known.begin(), known.end(), option.first) != known.end()) continue;
    throw InputError(
        fmt::format("'{}': unknown option '{}'; known: {}", text, option.first,
                    known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
  }
}

}  // namespace ncprune
