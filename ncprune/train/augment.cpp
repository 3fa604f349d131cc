#include "ncprune/train/augment.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numbers>

#include "ncprune/base/error.h"
#include "ncprune/base/lookup.h"
#include "ncprune/train/image_changes.h"
#include "ncprune/train/loss.h"

namespace ncprune {
namespace {

// Integers in [low, high), int64 [count].
at::Tensor draw_integers(int64_t count, int64_t low, int64_t high, Random& random) {
  return at::empty({count}, at::kLong).random_(low, high, random.generator());
}

// Numbers in [low, high), float [count].
at::Tensor draw(int64_t count, double low, double high, Random& random) {
  return at::empty({count}).uniform_(low, high, random.generator());
}

TrainingBatch crop(TrainingBatch batch, Random& random) {
  constexpr int64_t kPadding = 4;
  const int64_t count = batch.inputs.size(0);
  const auto draw_shift = [&](int64_t size) {
    const int64_t most = std::min(kPadding, size - 1);
    return draw_integers(count, -most, most + 1, random);
  };
  const at::Tensor dy = draw_shift(batch.inputs.size(2));
  batch.inputs = shifted(batch.inputs, dy, draw_shift(batch.inputs.size(3)));
  return batch;
}

TrainingBatch flip(TrainingBatch batch, Random& random) {
  batch.inputs =
      mirrored(batch.inputs, draw_integers(batch.inputs.size(0), 0, 2, random).to(at::kBool));
  return batch;
}

TrainingBatch cutout(TrainingBatch batch, Random& random) {
  const int64_t count = batch.inputs.size(0);
  const int64_t height = batch.inputs.size(2);
  const int64_t width = batch.inputs.size(3);
  const int64_t side = std::min(height, width) / 2;
  const at::Tensor y = draw_integers(count, 0, height, random);
  const at::Tensor x = draw_integers(count, 0, width, random);
  batch.inputs = blanked(batch.inputs, at::stack({y, x}, 1) - side / 2, side);
  return batch;
}

TrainingBatch mixup(TrainingBatch batch, Random& random) {
  batch.share = draw(1, 0, 1, random).item<double>();  // Beta(1, 1)
  batch.partners = random.permutation(batch.inputs.size(0));
  batch.inputs =
      batch.share * batch.inputs +
      (1 - batch.share) * batch.inputs.index_select(0, batch.partners.to(batch.inputs.device()));
  return batch;
}

// The choices of rand-augment, in this order, all equally likely.
enum RandomChange : int64_t {
  kNothing,
  kBrightness,
  kContrast,
  kShiftX,
  kShiftY,
  kRotate,
  kShearX,
  kShearY,
  kRandomChanges
};

// A change of every image: its tone, float [B] each, and its affine map, [B, 3, 3].
struct Choice {
  at::Tensor brightness;
  at::Tensor contrast;
  at::Tensor map;
};

Choice draw_choice(const at::Tensor& images, Random& random) {
  const int64_t count = images.size(0);
  const at::Tensor kind = draw_integers(count, 0, kRandomChanges, random);
  const at::Tensor strength = draw(count, -1, 1, random);
  const at::Tensor zero = at::zeros_like(strength);
  const at::Tensor one = at::ones_like(strength);
  const auto amount = [&](RandomChange change, double most) {
    return at::where(kind == change, strength * most, zero);
  };
  constexpr double kTone = 0.5;
  constexpr double kShift = 0.125;  // of the side
  constexpr double kShear = 0.2;
  constexpr double kTurn = 15 * std::numbers::pi / 180;
  const at::Tensor turn = amount(kRotate, kTurn);
  const at::Tensor map =
      at::stack({turn.cos(), amount(kShearX, kShear) - turn.sin(),
                 amount(kShiftX, kShift * static_cast<double>(images.size(3))),
                 amount(kShearY, kShear) + turn.sin(), turn.cos(),
                 amount(kShiftY, kShift * static_cast<double>(images.size(2))), zero, zero, one},
                1)
          .view({count, 3, 3});
  return {1 + amount(kBrightness, kTone), 1 + amount(kContrast, kTone), map};
}

TrainingBatch rand_augment(TrainingBatch batch, Random& random) {
  const auto tone = [&](const Choice& choice) {
    batch.inputs = toned(batch.inputs, choice.brightness, choice.contrast);
    if (batch.range) batch.inputs.clamp_(batch.range->first, batch.range->second);
  };
  const Choice first = draw_choice(batch.inputs, random);
  const Choice second = draw_choice(batch.inputs, random);
  tone(first);
  tone(second);
  // Both maps are applied in one pass, because every interpolation blurs.
  batch.inputs = warped(batch.inputs, first.map.matmul(second.map).slice(1, 0, 2));
  return batch;
}

}  // namespace

const std::vector<Augmentation>& augmentations() {
  static const std::vector<Augmentation> table{
      {"crop", "shifted by up to 4 pixels each way, mirrored at the border",
       "Krizhevsky, Sutskever, Hinton 2012; He et al. 2016", true, crop},
      {"cutout", "a square of half the shorter side covered with the image's mean",
       "DeVries, Taylor 2017", true, cutout},
      {"flip", "mirrored horizontally with probability 1/2", "", true, flip},
      {"mixup", "a mixture of two samples and their labels, with a share uniform in [0, 1)",
       "Zhang, Cisse, Dauphin, Lopez-Paz 2018, alpha 1", false, mixup},
      {"rand-augment",
       "two random changes, each nothing, brightness or contrast by up to 50 %, a shift by up to "
       "an "
       "eighth of the side, a rotation by up to 15 degrees or a shear by up to 0.2; the paper has "
       "more",
       "after Cubuk et al. 2020", true, rand_augment}};
  return table;
}

void require_valid_augmentation(const std::vector<std::string>& names, const std::string& loss) {
  for (const std::string& name : names) {
    find_named(augmentations(), name, "augmentation");
    if (std::count(names.begin(), names.end(), name) > 1) {
      throw InputError(fmt::format("augmentation '{}' is given twice", name));
    }
    const std::string& reason = find_named(losses(), loss, "loss").one_label;
    if (name != "mixup" || reason.empty()) continue;
    throw InputError(
        fmt::format("mixup mixes labels, but loss '{}' needs one per sample: {}", loss, reason));
  }
}

void require_augmentable(const Dataset& data, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const Augmentation& augmentation = find_named(augmentations(), name, "augmentation");
    if (!augmentation.pictures || data.sample_shape().size() == 3) continue;
    throw InputError(
        fmt::format("augmentation '{}' needs images, [channels, height, width]; samples are [{}]",
                    name, fmt::join(data.sample_shape(), ", ")));
  }
}

TrainingBatch augment(TrainingBatch batch, const std::vector<std::string>& names, Random& random) {
  for (const std::string& name : names) {
    batch = find_named(augmentations(), name, "augmentation").apply(std::move(batch), random);
  }
  return batch;
}

}  // namespace ncprune
