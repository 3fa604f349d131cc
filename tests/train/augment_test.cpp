#include "ncprune/train/augment.h"

#include <ATen/Parallel.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <map>

#include "ncprune/model/architectures.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/train/image_changes.h"
#include "ncprune/train/loss.h"
#include "ncprune/train/sampler.h"
#include "ncprune/train/train.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

TrainingBatch pictures(int64_t count, int64_t side = 12) {
  Random random(3);
  TrainingBatch batch;
  batch.inputs = at::empty({count, 3, side, side}).uniform_(0, 1, random.generator());
  batch.range = std::pair{0.0, 1.0};
  return batch;
}

TrainingBatch augmented(const TrainingBatch& batch, const std::vector<std::string>& names,
                        uint64_t seed) {
  Random random(seed);
  return augment(batch, names, random);
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const Augmentation& a : augmentations()) names.push_back(a.name);
  return names;
}

TEST(Augment, GivesTheSameForASeedWhateverTheThreads) {
  const TrainingBatch batch = pictures(64, 32);
  for (const std::string& name : all_names()) {
    at::set_num_threads(1);
    const at::Tensor one = augmented(batch, {name}, 1).inputs;
    at::set_num_threads(3);
    EXPECT_TRUE(at::equal(one, augmented(batch, {name}, 1).inputs)) << name;
    EXPECT_FALSE(at::equal(one, augmented(batch, {name}, 2).inputs)) << name;
    EXPECT_FALSE(at::equal(one, batch.inputs)) << name;
  }
  at::set_num_threads(1);
}

TEST(Augment, KeepsShapeRangeAndTheBatchItself) {
  for (const int64_t side : {1, 2, 5, 12}) {
    for (const int64_t count : {1, 7}) {
      const TrainingBatch batch = pictures(count, side);
      const at::Tensor before = batch.inputs.clone();
      const TrainingBatch all = augmented(batch, all_names(), 5);
      EXPECT_EQ(all.inputs.sizes(), before.sizes());
      EXPECT_GE(all.inputs.min().item<float>(), -1e-6);
      EXPECT_LE(all.inputs.max().item<float>(), 1 + 1e-6);
      EXPECT_TRUE(at::equal(batch.inputs, before));
      EXPECT_TRUE(at::equal(augmented(batch, {}, 5).inputs, before));
    }
  }
}

TEST(Augment, DrawsEveryShiftOfACropAlikeOften) {
  // One bright pixel in the middle shows by how much its picture has moved.
  constexpr int64_t kCount = 8100;
  TrainingBatch batch;
  batch.inputs = at::full({kCount, 1, 13, 13}, 0.0F);
  batch.inputs.select(2, 6).select(2, 6).fill_(1);
  const at::Tensor places = augmented(batch, {"crop"}, 1).inputs.flatten(1).argmax(1);
  std::map<int64_t, int> seen;
  for (const int64_t place : elements<int64_t>(places)) ++seen[place];
  EXPECT_EQ(seen.size(), 81);
  for (const auto& [place, times] : seen) EXPECT_NEAR(times, 100, 50) << place;
}

TEST(Augment, FlipsHalfOfThePictures) {
  const TrainingBatch batch = pictures(1000);
  const at::Tensor changed = augmented(batch, {"flip"}, 1).inputs;
  int flipped = 0;
  for (int64_t i = 0; i < 1000; ++i) {
    const bool same = at::equal(changed[i], batch.inputs[i]);
    EXPECT_TRUE(same || at::equal(changed[i], batch.inputs[i].flip(2))) << i;
    flipped += same ? 0 : 1;
  }
  EXPECT_NEAR(flipped, 500, 60);
}

TEST(Augment, CutsOutASquareOfHalfTheSideAroundAPixel) {
  const TrainingBatch batch = pictures(200);
  const at::Tensor gone =
      augmented(batch, {"cutout"}, 1).inputs.ne(batch.inputs).all(1).sum({1, 2});
  for (const int64_t pixels : elements<int64_t>(gone)) {
    EXPECT_GE(pixels, 9);  // its centre in a corner of the picture
    EXPECT_LE(pixels, 36);
  }
  EXPECT_EQ(gone.max().item<int64_t>(), 36);
}

TEST(Augment, MixesInputsWithTheirPartners) {
  const TrainingBatch batch = pictures(9);
  const TrainingBatch mixed = augmented(batch, {"mixup"}, 1);
  EXPECT_GT(mixed.share, 0);
  EXPECT_LT(mixed.share, 1);
  EXPECT_TRUE(at::equal(std::get<0>(mixed.partners.sort()), at::arange(9, at::kLong)));
  for (int64_t i = 0; i < 9; ++i) {
    const at::Tensor partner = batch.inputs[mixed.partners[i].item<int64_t>()];
    EXPECT_TRUE(
        at::allclose(mixed.inputs[i], mixed.share * batch.inputs[i] + (1 - mixed.share) * partner));
  }
}

TEST(Augment, RandAugmentLeavesOnePictureOf64AsItIs) {
  const TrainingBatch batch = pictures(2000);
  const at::Tensor changed = augmented(batch, {"rand-augment"}, 1).inputs;
  const at::Tensor same = (changed - batch.inputs).abs().flatten(1).amax(1).lt(1e-4);
  // Nothing twice: 1 / 64 of them.
  EXPECT_NEAR(same.to(at::kDouble).sum().item<double>(), 2000.0 / 64, 20);
}

Dataset table_of(int64_t count) {
  Random random(4);
  Dataset data;
  data.inputs = at::empty({count, 5}).normal_(0, 1, random.generator());
  data.labels = at::arange(count, at::kLong).remainder(3);
  data.class_names = {"a", "b", "c"};
  return data;
}

TEST(Augment, RefusesWhatItCannotChange) {
  const Dataset data = table_of(12);
  const auto error = [&](const TrainOptions& options) {
    const Network network = build_network("mlp:4", {5}, 3, Random(1));
    return input_error([&] { train(network, data, {}, options); });
  };
  EXPECT_EQ(error({.augment = {"crop"}}),
            "augmentation 'crop' needs images, [channels, height, width]; samples are [5]");
  EXPECT_EQ(error({.augment = {"blur"}}),
            "unknown augmentation 'blur'; known: crop, cutout, flip, mixup, rand-augment");
  EXPECT_EQ(error({.augment = {"mixup", "mixup"}}), "augmentation 'mixup' is given twice");
  EXPECT_EQ(error({.loss = "focal", .augment = {"mixup"}}),
            "mixup mixes labels, but loss 'focal' needs one per sample: p is the probability of a "
            "single label");
  EXPECT_NE(error({.loss = "ldam-drw", .augment = {"mixup"}}).find("the margin"),
            std::string::npos);
  EXPECT_NE(error({.distillation = Distillation{.seen = data}, .augment = {"mixup"}})
                .find("cannot be combined with other samples for the teacher"),
            std::string::npos);
}

TEST(Augment, TrainingSharesTheLossBetweenMixedLabels) {
  const Dataset data = table_of(30);
  const Network network = build_network("mlp:4", {5}, 3, Random(1));
  TrainOptions options{.epochs = 1, .batch = 30, .augment = {"mixup"}, .seed = 9};
  const double reported = train(network, data, {}, options).history.front().loss;
  // The same draws, and cross-entropy against the mixed distribution in double precision.
  Random order_random = Random(9).stream("order");
  const at::Tensor order =
      epoch_order(data.labels, epoch_shares(class_counts(data), samplers()[1]), order_random);
  Random random = Random(9).stream("augmentation");
  TrainingBatch batch;
  batch.inputs = data.inputs.index_select(0, order);
  batch = augment(batch, {"mixup"}, random);
  const at::Tensor log_p = logits(network, batch.inputs).to(at::kDouble).log_softmax(1);
  const at::Tensor labels = data.labels.index_select(0, order);
  double wanted = 0;
  for (int64_t i = 0; i < 30; ++i) {
    for (int64_t c = 0; c < 3; ++c) {
      const int64_t partner = batch.partners[i].item<int64_t>();
      const double target = (labels[i].item<int64_t>() == c ? batch.share : 0) +
                            (labels[partner].item<int64_t>() == c ? 1 - batch.share : 0);
      wanted -= target * log_p[i][c].item<double>() / 30;
    }
  }
  EXPECT_NEAR(reported, wanted, 1e-5);
}

TEST(Augment, OneSeedGivesOneTraining) {
  Dataset data;
  data.inputs = pictures(40, 6).inputs;
  data.labels = at::arange(40, at::kLong).remainder(2);
  data.class_names = {"a", "b"};
  data.range = std::pair{0.0, 1.0};
  const Network network = build_network("mlp:8", {3, 6, 6}, 2, Random(1));
  const auto loss = [&](const std::vector<std::string>& names, uint64_t seed) {
    const TrainOptions options{.epochs = 2, .batch = 16, .augment = names, .seed = seed};
    return train(network, data, {}, options).history.back().loss;
  };
  EXPECT_EQ(loss(all_names(), 1), loss(all_names(), 1));
  EXPECT_NE(loss(all_names(), 1), loss(all_names(), 2));
  EXPECT_NE(loss({"crop", "flip"}, 1), loss({}, 1));
}

}  // namespace
}  // namespace ncprune
