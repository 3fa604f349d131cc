#include "ncprune/data/preprocessing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

// A field of words: its name, its place, and the words.
struct WordField {
  const char* name;
  std::optional<std::string> Preprocessing::*field;
  std::vector<std::string> words;
};

const std::vector<WordField>& word_fields() {
  static const std::vector<WordField> fields{
      {"interpolation", &Preprocessing::interpolation, {"nearest", "bilinear", "bicubic"}},
      {"exif", &Preprocessing::exif, {"apply", "ignore"}},
      {"channels", &Preprocessing::channels, {"rgb", "bgr", "grey"}},
      {"layout", &Preprocessing::layout, {"nchw", "nhwc"}}};
  return fields;
}

InputError bad_field(const std::string& where, const std::string& name, const std::string& given,
                     const std::string& wanted) {
  return InputError(fmt::format("{}: {} is '{}'; wanted {}", where, name, excerpt(given), wanted));
}

void require_sides(const char* name, const std::vector<int64_t>& sides, int64_t max,
                   const std::string& where) {
  const bool possible =
      std::all_of(sides.begin(), sides.end(), [&](int64_t s) { return s >= 1 && s <= max; });
  if (possible && sides.size() <= 2) return;
  throw bad_field(where, name, fmt::format("{}", fmt::join(sides, "x")),
                  fmt::format("sides from 1 to {}", max));
}

void require_possible_sizes(const Preprocessing& p, const std::string& where) {
  constexpr int64_t kMaxSquare = 4096;
  if (p.size) require_sides("size", {*p.size}, kMaxSquare, where);
  require_sides("resize", p.resize, kMaxImageSide, where);
  require_sides("crop", p.crop, kMaxImageSide, where);
  if (p.size && (!p.resize.empty() || !p.crop.empty())) {
    throw InputError(fmt::format("{}: size crops and resizes; wanted it without {}", where,
                                 p.resize.empty() ? "crop" : "resize"));
  }
  if (p.interpolation && p.resize.empty()) {
    throw InputError(fmt::format("{}: interpolation without resize", where));
  }
}

void require_one_a_channel(const char* name, const std::vector<double>& values,
                           const Preprocessing& p, const std::string& where) {
  const bool grey = p.channels == "grey";
  const std::string shown = fmt::format("{}", fmt::join(values, ","));
  if (values.size() > 1 && (grey || values.size() != 3)) {
    throw bad_field(where, name, shown,
                    grey ? "1 number for grey" : "1 number or 3, one a channel");
  }
  const bool finite =
      std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
  if (!finite) throw bad_field(where, name, shown, "finite numbers");
}

template <typename Value>
std::vector<Value> list_from(const Json& json) {
  std::vector<Value> values;
  for (const Json& item : json) {
    if (std::is_integral_v<Value> ? !item.is_number_integer() : !item.is_number()) {
      throw InputError("not a list of numbers");
    }
    values.push_back(item.get<Value>());
  }
  return values;
}

int64_t whole_from(const Json& json) {
  if (!json.is_number_integer()) throw InputError("not a whole number");
  return json.get<int64_t>();
}

void read_field(const std::string& key, const Json& json, Preprocessing& p) {
  for (const WordField& word : word_fields()) {
    if (key != word.name) continue;
    if (!json.is_string()) throw InputError("not a word");
    p.*word.field = json.get<std::string>();
    return;
  }
  if (key == "size") {
    p.size = whole_from(json);
  } else if (key == "range") {
    p.range = whole_from(json);
  } else if (key == "resize") {
    p.resize = list_from<int64_t>(json);
  } else if (key == "crop") {
    p.crop = list_from<int64_t>(json);
    if (p.crop.size() == 1) p.crop.push_back(p.crop.front());
  } else if (key == "mean") {
    p.mean = list_from<double>(json);
  } else if (key == "std") {
    p.deviation = list_from<double>(json);
  } else {
    throw InputError("unknown");
  }
}

// A field as the option that gives it.
std::string option_text(const std::string& name, const Json& json) {
  if (json.is_string()) return fmt::format("{}={}", name, json.get<std::string>());
  if (!json.is_array()) return fmt::format("{}={}", name, json.dump());
  std::vector<std::string> items;
  for (const Json& item : json) items.push_back(item.dump());
  const char* separator = name == "mean" || name == "std" ? "," : "x";
  return fmt::format("{}={}", name, fmt::join(items, separator));
}

}  // namespace

void require_possible(const Preprocessing& p, const std::string& where) {
  for (const auto& [name, field, words] : word_fields()) {
    const std::optional<std::string>& word = p.*field;
    if (!word || std::find(words.begin(), words.end(), *word) != words.end()) continue;
    throw bad_field(where, name, *word, fmt::format("one of {}", fmt::join(words, ", ")));
  }
  require_possible_sizes(p, where);
  if (p.range && *p.range != 1 && *p.range != 255) {
    throw bad_field(where, "range", std::to_string(*p.range), "1 or 255");
  }
  require_one_a_channel("mean", p.mean, p, where);
  require_one_a_channel("std", p.deviation, p, where);
  const bool positive =
      std::all_of(p.deviation.begin(), p.deviation.end(), [](double v) { return v > 0; });
  if (!positive) {
    throw bad_field(where, "std", fmt::format("{}", fmt::join(p.deviation, ",")),
                    "numbers above 0");
  }
}

Json preprocessing_json(const Preprocessing& p) {
  Json json{{"version", 1}};
  if (p.size) json["size"] = *p.size;
  if (!p.resize.empty()) json["resize"] = p.resize;
  if (!p.crop.empty()) json["crop"] = p.crop;
  for (const WordField& word : word_fields()) {
    if (p.*word.field) json[word.name] = *(p.*word.field);
  }
  if (p.range) json["range"] = *p.range;
  if (!p.mean.empty()) json["mean"] = p.mean;
  if (!p.deviation.empty()) json["std"] = p.deviation;
  return json;
}

Preprocessing preprocessing_from(const Json& json, const std::string& where) {
  if (!json.is_object() || !json.contains("version") || json["version"] != 1) {
    throw InputError(fmt::format("{}: not a preprocessing of version 1", where));
  }
  Preprocessing p;
  for (const auto& [key, value] : json.items()) {
    try {
      if (key != "version") read_field(key, value, p);
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}: field '{}': {}", where, excerpt(key), error.what()));
    }
  }
  require_possible(p, where);
  return p;
}

Preprocessing geometry_of(const Preprocessing& p) {
  Preprocessing geometry = p;
  geometry.range = std::nullopt;
  geometry.layout = std::nullopt;
  geometry.mean.clear();
  geometry.deviation.clear();
  if (p.channels == "bgr") geometry.channels = "rgb";
  return geometry;
}

Preprocessing with_geometry(const Preprocessing& p, Preprocessing geometry) {
  if (p.channels == "bgr" && geometry.channels == "rgb") geometry.channels = "bgr";
  geometry.range = p.range;
  geometry.layout = p.layout;
  geometry.mean = p.mean;
  geometry.deviation = p.deviation;
  return geometry;
}

Preprocessing merged(const StatedPreprocessing& first, const StatedPreprocessing& second) {
  Json fields = preprocessing_json(first.value);
  const Json others = preprocessing_json(second.value);
  for (const auto& [key, value] : others.items()) {
    if (fields.contains(key) && fields[key] != value) {
      throw InputError(fmt::format("{} says {}, {} says {}; wanted one of them", first.where,
                                   option_text(key, fields[key]), second.where,
                                   option_text(key, value)));
    }
    fields[key] = value;
  }
  return preprocessing_from(fields, fmt::format("{} and {}", first.where, second.where));
}

std::optional<PixelNormalisation> normalisation_of(const Preprocessing& p) {
  if (!p.range && p.mean.empty() && p.deviation.empty()) return std::nullopt;
  const auto range = static_cast<double>(p.range.value_or(1));
  PixelNormalisation result{p.mean, p.deviation};
  if (result.mean.empty()) result.mean = {0};
  if (result.scale.empty()) result.scale = {1};
  for (std::vector<double>* values : {&result.mean, &result.scale}) {
    for (double& value : *values) value /= range;
    if (p.channels == "bgr") std::reverse(values->begin(), values->end());
  }
  return result;
}

}  // namespace ncprune
