#include "ncprune/experiment/other_geometries.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "ncprune/base/error.h"
#include "ncprune/base/spec.h"
#include "ncprune/data/samples.h"
#include "ncprune/data/source.h"

namespace ncprune {
namespace {

// A crop and a resize, and the words for them.
struct Geometry {
  std::string condition;
  std::vector<int64_t> resize;
  std::vector<int64_t> crop;
};

std::vector<Geometry> usual_geometries(int64_t height, int64_t width) {
  const std::vector<int64_t> size{height, width};
  std::vector<Geometry> usual{
      {"if pictures were squashed to the network's height and width", size, {}},
      {"if the centre of pictures was cropped without resizing them", {}, size}};
  if (height != width) return usual;
  // torchvision's 256 for 224.
  const auto larger = static_cast<int64_t>(std::lround(static_cast<double>(height) * 256 / 224));
  for (const int64_t shorter : {height, larger}) {
    usual.push_back(
        {"if the shorter side of pictures was resized and their centre cropped", {shorter}, size});
  }
  return usual;
}

std::string option_text(const Geometry& geometry) {
  const auto sides = [](const std::vector<int64_t>& values) {
    const bool square = values.size() == 2 && values[0] == values[1];
    return square ? std::to_string(values[0]) : fmt::format("{}", fmt::join(values, "x"));
  };
  // One number would be the shorter side.
  std::string resize = fmt::format("resize={}", fmt::join(geometry.resize, "x"));
  if (geometry.crop.empty()) return resize;
  const std::string crop = "crop=" + sides(geometry.crop);
  return geometry.resize.empty() ? crop : resize + "&" + crop;
}

}  // namespace

std::vector<OtherPreparation> other_geometries(const DataRequest& request,
                                               const PreparedData& data) {
  if (!is_image_source(request.data)) return {};
  const std::vector<int64_t> shape = data.train.sample_shape();
  const Preprocessing& read = data.preprocessing.geometry;
  std::vector<OtherPreparation> others;
  for (const Geometry& geometry : usual_geometries(shape[1], shape[2])) {
    Preprocessing other = read;
    other.size = std::nullopt;
    other.resize = geometry.resize;
    other.crop = geometry.crop;
    if (other.resize.empty()) other.interpolation = std::nullopt;
    if (!other.resize.empty() && !other.interpolation) other.interpolation = "bilinear";
    if (other == read) continue;
    try {
      // The rows of the data are places in the same list of files.
      Dataset train = data.train;
      train.reader = read_image_samples(parse_spec(request.data), other).train.reader;
      if (train.sample_shape() != shape) continue;
      others.push_back({geometry.condition, fmt::format("images:DIR?{}", option_text(geometry)),
                        std::move(train)});
    } catch (const InputError&) {
      continue;
    }
  }
  return others;
}

}  // namespace ncprune
