#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/base/spec.h"

namespace ncprune {

// How pictures become what a network takes: the decisions of the code that trained it. Every field
// may be left open. The geometry acts when pictures are read, in this order: EXIF orientation,
// `resize` and `crop` (or `size`), grey. The rest belongs to the network (see Metadata): range,
// mean and std, order of the channels, layout.
struct Preprocessing {
  std::optional<int64_t> size;               // the central square, resized to size x size
  std::vector<int64_t> resize;               // {shorter side} or {height, width}; empty: open
  std::vector<int64_t> crop;                 // the central {height, width}; empty: open
  std::optional<std::string> interpolation;  // of `resize`: nearest, bilinear (if open) or bicubic
  std::optional<std::string> exif;           // apply (if open) or ignore
  std::optional<std::string> channels;  // rgb, bgr or grey; if open, the data decide rgb or grey
  std::optional<std::string> layout;    // nchw (if open) or nhwc
  std::optional<int64_t> range;  // the network takes pixels in [0, range]: 1 (if open) or 255
  // The options mean and std, in units of `range`: 1 value, or one a channel in the order in which
  // the network takes them; empty: open.
  std::vector<double> mean;
  std::vector<double> deviation;

  bool operator==(const Preprocessing&) const = default;
};

// The longest side that `resize` and `crop` may ask for.
inline constexpr int64_t kMaxImageSide = 1 << 14;

// Throws InputError, naming `where` and the field, unless every field is possible and the fields
// agree.
void require_possible(const Preprocessing& preprocessing, const std::string& where);

// The entry of an ONNX file's metadata that holds the JSON form.
inline constexpr const char* kPreprocessingEntry = "ncprune.preprocessing";

// The names of the options that preprocessing_of() reads.
const std::vector<std::string>& preprocessing_options();

// The preprocessing that the options of `spec` give, with `preset=imagenet` (torchvision: resize
// 256, crop 224, bilinear, the mean and std of ImageNet) or `preset=timm-vit` (timm's vision
// transformers: resize 248, crop 224, bicubic, mean and std 0.5) below the other options, and
// mean=imagenet for the values of ImageNet. Throws InputError, naming the option.
Preprocessing preprocessing_of(const Spec& spec);

// The fields that are not open, and a version.
Json preprocessing_json(const Preprocessing& preprocessing);

// The value of that form. Throws InputError, naming `where` and the field, on any other JSON.
Preprocessing preprocessing_from(const Json& json, const std::string& where);

// Only the fields that act when pictures are read; bgr is rgb there.
Preprocessing geometry_of(const Preprocessing& preprocessing);

// `preprocessing` with the geometry of `geometry`; bgr stays where that says rgb.
Preprocessing with_geometry(const Preprocessing& preprocessing, Preprocessing geometry);

// A preprocessing and where it comes from, for messages.
struct StatedPreprocessing {
  Preprocessing value;
  std::string where;  // "dense.onnx", "--data"
};

// The fields of both. Throws InputError that names a field and both values where they differ.
Preprocessing merged(const StatedPreprocessing& first, const StatedPreprocessing& second);

// (x - mean) / scale for pixels x in [0, 1], in the order red, green, blue; 1 value or one a
// channel. Nothing if range, mean and deviation are open.
struct PixelNormalisation {
  std::vector<double> mean;
  std::vector<double> scale;
};
std::optional<PixelNormalisation> normalisation_of(const Preprocessing& preprocessing);

}  // namespace ncprune
