#include "ncprune/data/corruption.h"

#include <ATen/ops/cat.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ncprune/base/error.h"
#include "ncprune/base/lookup.h"

namespace ncprune {
namespace {

// A part is small because corruptions may need several copies of it.
constexpr int64_t kPicturesAtOnce = 1000;

bool are_pictures(const Dataset& data) {
  const std::vector<int64_t> shape = data.sample_shape();
  return data.range && shape.size() == 3 && (shape[0] == 1 || shape[0] == 3);
}

bool can_suffer(const Dataset& data, const Corruption& corruption) {
  return corruption.pictures ? are_pictures(data) : data.sample_shape().size() == 1;
}

void require_valid(const CorruptionLevel& level) {
  if (level.scale != "cifar-c" && level.scale != "mnist-c") {
    throw InputError(
        fmt::format("unknown scale of corruptions '{}'; known: cifar-c, mnist-c", level.scale));
  }
  if (level.severity < 1 || level.severity > 5) {
    throw InputError(fmt::format("severity {}; wanted 1 to 5", level.severity));
  }
}

}  // namespace

std::vector<std::string> corruption_names(const Dataset& data) {
  std::vector<std::string> names;
  for (const Corruption& corruption : corruptions()) {
    if (can_suffer(data, corruption)) names.push_back(corruption.name);
  }
  return names;
}

Dataset corrupted(const Dataset& data, const std::string& name, const CorruptionLevel& level) {
  const Corruption& corruption = find_named(corruptions(), name, "corruption");
  require_valid(level);
  if (!can_suffer(data, corruption)) {
    throw InputError(fmt::format("corruption {} needs {}; the samples of the data have shape [{}]",
                                 name, corruption.pictures ? "images of 1 or 3 channels" : "tables",
                                 fmt::join(data.sample_shape(), ", ")));
  }
  if (data.size() == 0) return data;
  Dataset result = in_memory(data);
  Random random = Random(level.seed).stream(name);
  if (!corruption.pictures) {
    result.inputs = corruption.apply(result.inputs, level, random);
  } else {
    const auto [low, high] = *data.range;
    std::vector<at::Tensor> parts;
    for (const at::Tensor& part : result.inputs.split(kPicturesAtOnce)) {
      const at::Tensor unit = (part - low) / (high - low);
      parts.push_back(corruption.apply(unit, level, random).mul(high - low).add(low));
    }
    result.inputs = at::cat(parts);
  }
  if (data.range) result.inputs = result.inputs.clamp(data.range->first, data.range->second);
  return result;
}

}  // namespace ncprune
