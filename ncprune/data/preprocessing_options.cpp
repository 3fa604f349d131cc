#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ncprune/base/error.h"
#include "ncprune/data/preprocessing.h"

namespace ncprune {
namespace {

std::vector<double> imagenet_mean() {
  return {0.485, 0.456, 0.406};
}

std::vector<double> imagenet_deviation() {
  return {0.229, 0.224, 0.225};
}

// "256" or "224x320".
std::vector<int64_t> sides_from(const std::string& text, const std::string& where) {
  std::vector<int64_t> sides;
  for (const std::string& side : split(text, 'x')) {
    sides.push_back(parse_integers(side, where, 1, kMaxImageSide).front());
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
    imagenet.value.mean = imagenet_mean();
    imagenet.value.deviation = imagenet_deviation();
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
  throw InputError(fmt::format("'{}': preset is '{}'; wanted one of {}", spec.text, name,
                               fmt::join(names, ", ")));
}

// mean and std as the options give them, or the preset's.
void read_normalisation(const Spec& spec, Preprocessing& p) {
  const auto where = [&](const char* name) { return fmt::format("'{}': {}", spec.text, name); };
  p.mean = as_taken(p.mean, p);
  p.deviation = as_taken(p.deviation, p);
  const std::string mean = spec.get("mean", "");
  if (mean == "imagenet") {
    p.mean = as_taken(imagenet_mean(), p);
    p.deviation = as_taken(imagenet_deviation(), p);
  } else if (!mean.empty()) {
    p.mean = numbers_from(mean, where("mean"));
  }
  const std::string deviation = spec.get("std", "");
  if (deviation == "imagenet") {
    p.deviation = as_taken(imagenet_deviation(), p);
  } else if (!deviation.empty()) {
    p.deviation = numbers_from(deviation, where("std"));
  }
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
  const auto word = [&](const char* name, const std::optional<std::string>& otherwise) {
    return spec.options.contains(name) ? spec.options.at(name) : otherwise;
  };
  p.interpolation = word("interpolation", p.interpolation);
  p.exif = word("exif", p.exif);
  p.channels = word("channels", p.channels);
  p.layout = word("layout", p.layout);
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

}  // namespace ncprune
