#include "ncprune/data/corruption.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/base/lookup.h"

namespace ncprune {
namespace {

// A part is small because corruptions may need several copies of it.
constexpr int64_t kPicturesAtOnce = 1000;
constexpr int64_t kElementsAtOnce = kPicturesAtOnce * 3 * 64 * 64;

int64_t pictures_at_once(const Dataset& data) {
  int64_t elements = 1;
  for (const int64_t size : data.sample_shape()) elements *= size;
  return std::clamp<int64_t>(kElementsAtOnce / elements, 1, kPicturesAtOnce);
}

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

at::Tensor clipped(const at::Tensor& inputs, const Dataset& data) {
  return data.range ? inputs.clamp(data.range->first, data.range->second) : inputs;
}

// A copy that draws the same numbers as `random`, which stays as it is.
Random copy_of(Random random) {
  random.generator() = random.generator().clone();
  return random;
}

// A corruption with its level and the state of its random numbers.
struct Draw {
  const Corruption& corruption;
  CorruptionLevel level;
  Random random;
};

// A part of the data, corrupted.
at::Tensor corrupted_part(const at::Tensor& part, const Dataset& data, Draw& draw) {
  const auto [low, high] = *data.range;
  const at::Tensor unit = (part - low) / (high - low);
  const at::Tensor changed = draw.corruption.apply(unit, draw.level, draw.random);
  return clipped(changed.mul(high - low).add(low), data);
}

// Corrupts pictures that another reader gives, part by part. Every part goes on with the random
// numbers where the one before it stopped, so parts are corrupted in order at first.
class CorruptedReader : public InputReader {
 public:
  CorruptedReader(Dataset clean, Draw draw)
      : clean_(std::move(clean)),
        part_size_(pictures_at_once(clean_)),
        draw_(std::move(draw)),
        starts_{copy_of(draw_.random)} {}

  std::vector<int64_t> sample_shape() const override { return clean_.sample_shape(); }

  at::Tensor read(const at::Tensor& rows) const override {
    const at::Tensor own = rows.contiguous();
    const auto places = elements<int64_t>(own);
    std::vector<int64_t> shape = sample_shape();
    shape.insert(shape.begin(), own.numel());
    at::Tensor inputs = at::empty(shape, at::kFloat);
    const std::lock_guard lock(mutex_);
    for (size_t first = 0; first < places.size();) {
      const int64_t part = places[first] / part_size_;
      size_t end = first + 1;
      while (end < places.size() && places[end] / part_size_ == part) ++end;
      const auto begin = static_cast<int64_t>(first);
      const at::Tensor within = own.slice(0, begin, static_cast<int64_t>(end)) - part * part_size_;
      inputs.slice(0, begin, static_cast<int64_t>(end))
          .copy_(part_at(part).index_select(0, within));
      first = end;
    }
    return inputs;
  }

 private:
  const at::Tensor& part_at(int64_t wanted) const {
    if (kept_ == wanted) return part_;
    for (int64_t part = std::min(wanted, std::ssize(starts_) - 1); part <= wanted; ++part) {
      Draw draw{draw_.corruption, draw_.level, copy_of(starts_[static_cast<size_t>(part)])};
      const int64_t begin = part * part_size_;
      part_ = corrupted_part(clean_.inputs_at(begin, std::min(begin + part_size_, clean_.size())),
                             clean_, draw);
      kept_ = part;
      if (part + 1 == std::ssize(starts_)) starts_.push_back(draw.random);
    }
    return part_;
  }

  Dataset clean_;
  int64_t part_size_;
  Draw draw_;
  mutable std::mutex mutex_;
  mutable std::vector<Random> starts_;  // of the parts that are known, and the next
  mutable int64_t kept_ = -1;           // the part in part_
  mutable at::Tensor part_;
};

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
  Draw draw{corruption, level, Random(level.seed).stream(name)};
  if (!corruption.pictures) {
    Dataset result = in_memory(data);
    result.inputs = clipped(corruption.apply(result.inputs, level, draw.random), data);
    return result;
  }
  Dataset result = data;
  if (data.reader) {
    result.reader = std::make_shared<const CorruptedReader>(data, std::move(draw));
    result.rows = at::arange(data.size());
    return result;
  }
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : data.inputs.split(pictures_at_once(data))) {
    parts.push_back(corrupted_part(part, data, draw));
  }
  result.inputs = at::cat(parts);
  return result;
}

}  // namespace ncprune
