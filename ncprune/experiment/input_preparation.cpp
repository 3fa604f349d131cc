#include "ncprune/experiment/input_preparation.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/base/json.h"
#include "ncprune/onnx/normalisation.h"

namespace ncprune {
namespace {

// One number for each channel, or one for all: [C, 1, 1].
at::Tensor channel_tensor(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble).to(at::kFloat).view({-1, 1, 1});
}

std::string shown(const at::Tensor& values) {
  const at::Tensor flat = values.flatten().to(at::kFloat).contiguous();
  const int64_t count = std::min<int64_t>(flat.numel(), 3);
  std::vector<float> first(flat.data_ptr<float>(), flat.data_ptr<float>() + count);
  return fmt::format("{:.4g}{}", fmt::join(first, ","), flat.numel() > count ? ",..." : "");
}

// Whether two tensors broadcast to the same values, but for the rounding of decimal texts.
bool agree(const at::Tensor& a, const at::Tensor& b) {
  if (a.dim() > 0 && b.dim() > 0 && a.size(0) != b.size(0) && a.numel() > 1 && b.numel() > 1) {
    return false;
  }
  const auto sizes = a.numel() > b.numel() ? a.sizes() : b.sizes();
  return at::allclose(a.expand(sizes), b.expand(sizes), 1e-4, 1e-6);
}

void set_normalisation(Metadata& metadata, const PixelNormalisation& wanted,
                       const std::string& where) {
  const at::Tensor mean = channel_tensor(wanted.mean);
  const at::Tensor scale = channel_tensor(wanted.scale);
  const bool known = metadata.input_mean.defined() || metadata.input_scale.defined();
  const at::Tensor old_mean =
      metadata.input_mean.defined() ? metadata.input_mean : at::full({}, 0.0F);
  const at::Tensor old_scale =
      metadata.input_scale.defined() ? metadata.input_scale : at::full({}, 1.0F);
  if (known && (!agree(old_mean, mean) || !agree(old_scale, scale))) {
    throw InputError(fmt::format(
        "{}: its metadata say mean {} and scale {} of pixels in [0, 1]; the options say {} and {}",
        where, shown(old_mean), shown(old_scale), shown(mean), shown(scale)));
  }
  if (known) return;
  metadata.input_mean = mean;
  metadata.input_scale = scale;
}

}  // namespace

Preprocessing stored_preprocessing(const Metadata& metadata, const std::string& where) {
  Preprocessing settled;
  if (metadata.reversed_channels) settled.channels = "bgr";
  if (metadata.channels_last) settled.layout = "nhwc";
  const auto entry = metadata.other.find(kPreprocessingEntry);
  if (entry == metadata.other.end()) return settled;
  const std::string place = fmt::format("{}: metadata entry {}", where, kPreprocessingEntry);
  try {
    const Preprocessing stored = preprocessing_from(Json::parse(entry->second), place);
    return merged({settled, where + ": metadata"}, {stored, place});
  } catch (const Json::exception&) {
    throw InputError(place + " has invalid JSON");
  }
}

Metadata with_preprocessing(Metadata metadata, const DataPreprocessing& data,
                            const std::string& where) {
  const Preprocessing stored = stored_preprocessing(metadata, where);
  const Preprocessing stated = merged({stored, where}, {data.stated, "--data"});
  const Preprocessing geometry =
      merged({geometry_of(stated), where}, {data.geometry, "the data as they were read"});
  const Preprocessing whole = with_geometry(stated, geometry);
  if (whole == Preprocessing{}) return metadata;
  const bool in_graph =
      metadata.other.contains(kNormalisationEntry) && !metadata.input_mean.defined();
  const auto wanted = normalisation_of(whole);
  if (wanted && in_graph && !normalisation_of(stored)) {
    throw InputError(fmt::format(
        "{}: normalises its inputs itself, as it was trained; the options say mean {} and scale {}",
        where, shown(channel_tensor(wanted->mean)), shown(channel_tensor(wanted->scale))));
  }
  if (wanted && !in_graph) set_normalisation(metadata, *wanted, where);
  metadata.reversed_channels = whole.channels == "bgr";
  metadata.channels_last = whole.layout == "nhwc";
  metadata.other[kPreprocessingEntry] = preprocessing_json(whole).dump();
  return metadata;
}

}  // namespace ncprune
