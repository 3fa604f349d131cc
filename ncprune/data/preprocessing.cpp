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

constexpr int64_t kMaxSide = 1 << 14;
const std::vector<double> kImageNetMean{0.485, 0.456, 0.406};
const std::vector<double> kImageNetStd{0.229, 0.224, 0.225};

std::string text_of(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

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

// Throws unless the fields are possible and agree.
void require_possible(const Preprocessing& p, const std::string& where) {
  for (const auto& [name, field, words] : word_fields()) {
    const std::optional<std::string>& word = p.*field;
    if (!word || std::find(words.begin(), words.end(), *word) != words.end()) continue;
    throw bad_field(where, name, *word, "one of " + text_of(words));
  }
  const auto require_sides = [&](const char* name, const std::vector<int64_t>& sides, int64_t max) {
    const bool possible =
        std::all_of(sides.begin(), sides.end(), [&](int64_t s) { return s >= 1 && s <= max; });
    if (!possible || sides.size() > 2) {
      throw bad_field(where, name, fmt::format("{}", fmt::join(sides, "x")),
                      fmt::format("sides from 1 to {}", max));
    }
  };
  constexpr int64_t kMaxSquare = 4096;
  if (p.size) require_sides("size", {*p.size}, kMaxSquare);
  require_sides("resize", p.resize, kMaxSide);
  require_sides("crop", p.crop, kMaxSide);
  if (p.size && (!p.resize.empty() || !p.crop.empty())) {
    throw InputError(fmt::format("{}: size crops and resizes; wanted it without {}", where,
                                 p.resize.empty() ? "crop" : "resize"));
  }
  if (p.interpolation && p.resize.empty()) {
    throw InputError(fmt::format("{}: interpolation without resize", where));
  }
  if (p.range && *p.range != 1 && *p.range != 255) {
    throw bad_field(where, "range", std::to_string(*p.range), "1 or 255");
  }
  const size_t channels = p.channels == "grey" ? 1 : 3;
  for (const auto& [name, values] : {std::pair{"mean", &p.mean}, std::pair{"std", &p.deviation}}) {
    const std::string shown = fmt::format("{}", fmt::join(*values, ","));
    if (values->size() > 1 && (values->size() != channels || channels == 1)) {
      throw bad_field(where, name, shown,
                      channels == 1 ? "1 number for grey" : "1 number or 3, one a channel");
    }
    const bool finite =
        std::all_of(values->begin(), values->end(), [](double v) { return std::isfinite(v); });
    if (!finite) throw bad_field(where, name, shown, "finite numbers");
  }
  const bool positive =
      std::all_of(p.deviation.begin(), p.deviation.end(), [](double v) { return v > 0; });
  if (!positive) {
    throw bad_field(where, "std", fmt::format("{}", fmt::join(p.deviation, ",")),
                    "numbers above 0");
  }
}

// "256" or "224x320".
std::vector<int64_t> sides_from(const std::string& text, const std::string& where) {
  std::vector<int64_t> sides;
  for (const std::string& side : split(text, 'x')) {
    sides.push_back(parse_integers(side, where, 1, kMaxSide).front());
  }
  return sides;
}

std::vector<double> numbers_from(const std::string& text, const std::string& where) {
  std::vector<double> numbers;
  for (const std::string& number : split(text, ',')) numbers.push_back(parse_number(number, where));
  return numbers;
}

// Values of red, green and blue in [0, 1] as the network takes its channels.
std::vector<double> as_taken(std::vector<double> values, const Preprocessing& p) {
  if (p.channels == "bgr") std::reverse(values.begin(), values.end());
  for (double& value : values) value *= static_cast<double>(p.range.value_or(1));
  return values;
}

// A preset's geometry, and its mean and std in [0, 1].
struct Preset {
  std::string name;
  Preprocessing value;
};

const std::vector<Preset>& presets() {
  static const std::vector<Preset> table = [] {
    Preset imagenet{"imagenet", {}};
    imagenet.value.resize = {256};
    imagenet.value.crop = {224, 224};
    imagenet.value.interpolation = "bilinear";
    imagenet.value.mean = kImageNetMean;
    imagenet.value.deviation = kImageNetStd;
    Preset vit{"timm-vit", imagenet.value};
    vit.value.resize = {248};  // 224 / 0.9
    vit.value.interpolation = "bicubic";
    vit.value.mean = vit.value.deviation = {0.5, 0.5, 0.5};
    return std::vector{imagenet, vit};
  }();
  return table;
}

Preprocessing preset_of(const Spec& spec) {
  const std::string name = spec.get("preset", "");
  if (name.empty()) return {};
  std::vector<std::string> names;
  for (const Preset& preset : presets()) {
    if (preset.name == name) return preset.value;
    names.push_back(preset.name);
  }
  throw bad_field(fmt::format("'{}'", spec.text), "preset", name, "one of " + text_of(names));
}

// mean and std as the options give them, or the preset's.
void read_normalisation(const Spec& spec, Preprocessing& p) {
  const auto where = [&](const char* name) { return fmt::format("'{}': {}", spec.text, name); };
  p.mean = as_taken(p.mean, p);
  p.deviation = as_taken(p.deviation, p);
  const std::string mean = spec.get("mean", "");
  if (mean == "imagenet") {
    p.mean = as_taken(kImageNetMean, p);
    p.deviation = as_taken(kImageNetStd, p);
  } else if (!mean.empty()) {
    p.mean = numbers_from(mean, where("mean"));
  }
  const std::string deviation = spec.get("std", "");
  if (deviation == "imagenet") {
    p.deviation = as_taken(kImageNetStd, p);
  } else if (!deviation.empty()) {
    p.deviation = numbers_from(deviation, where("std"));
  }
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

const std::vector<std::string>& preprocessing_options() {
  static const std::vector<std::string> names{"size", "resize", "crop",     "interpolation",
                                              "exif", "layout", "channels", "range",
                                              "mean", "std",    "preset"};
  return names;
}

Preprocessing preprocessing_of(const Spec& spec) {
  const std::string where = fmt::format("'{}'", spec.text);
  Preprocessing p = preset_of(spec);
  const auto of = [&](const char* name) { return fmt::format("{}: {}", where, name); };
  for (const WordField& word : word_fields()) {
    if (spec.options.contains(word.name)) p.*word.field = spec.options.at(word.name);
  }
  const auto number = [&](const char* name, int64_t max) {
    return parse_integers(spec.get(name, ""), of(name), 1, max).front();
  };
  if (spec.options.contains("size")) p.size = number("size", 4096);
  if (spec.options.contains("range")) p.range = number("range", 255);
  if (spec.options.contains("resize")) p.resize = sides_from(spec.get("resize", ""), of("resize"));
  if (spec.options.contains("crop")) p.crop = sides_from(spec.get("crop", ""), of("crop"));
  if (p.crop.size() == 1) p.crop.push_back(p.crop.front());
  read_normalisation(spec, p);
  require_possible(p, where);
  return p;
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
