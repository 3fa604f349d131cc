#include "ncprune/data/corruption.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/atan2.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "ncprune/data/picture_filters.h"
#include "tests/data/input_error.h"
#include "tests/golden.h"

namespace ncprune {
namespace {

const std::vector<std::string> kScales{"cifar-c", "mnist-c"};

Dataset of(const at::Tensor& inputs, bool pictures) {
  Dataset data{.inputs = inputs,
               .labels = at::arange(inputs.size(0), at::kLong).remainder(2),
               .class_names = {"a", "b"},
               .range = std::nullopt};
  if (pictures) data.range = {0, 1};
  return data;
}

// picture() of reference/corruptions.py, [1, C, H, W].
at::Tensor picture(int64_t channels, int64_t height, int64_t width) {
  const at::Tensor c = at::arange(channels, at::kLong).view({-1, 1, 1});
  const at::Tensor i = at::arange(height, at::kLong).view({1, -1, 1});
  const at::Tensor j = at::arange(width, at::kLong).view({1, 1, -1});
  return (7 * i + 3 * j + 5 * c + i * j).remainder(17).to(at::kFloat).div(16).unsqueeze(0);
}

// Pictures in colour that are all alike.
Dataset pictures(int64_t count = 40) {
  return of(picture(3, 9, 8).expand({count, 3, 9, 8}).contiguous(), true);
}

Dataset table() {
  return of(normal({200, 5}, 3).to(at::kFloat) * 7 + 2, false);
}

double distance(const Dataset& a, const Dataset& b) {
  return (a.inputs - b.inputs).square().mean().item<double>();
}

TEST(Corruption, KeepsShapeLabelsAndRangeAndLeavesTheOriginalAlone) {
  for (const Dataset& data : {pictures(), table()}) {
    const at::Tensor before = data.inputs.clone();
    for (const std::string& name : corruption_names(data)) {
      for (const std::string& scale : kScales) {
        for (const int64_t severity : {1, 5}) {
          const Dataset result = corrupted(data, name, {scale, severity, 7});
          SCOPED_TRACE(name + " " + scale);
          EXPECT_EQ(result.inputs.sizes(), data.inputs.sizes());
          EXPECT_TRUE(result.labels.equal(data.labels));
          EXPECT_TRUE(result.inputs.isfinite().all().item<bool>());
          EXPECT_GT(distance(data, result), 0);
          if (data.range) {
            EXPECT_GE(result.inputs.min().item<float>(), 0);
            EXPECT_LE(result.inputs.max().item<float>(), 1);
          }
        }
      }
    }
    EXPECT_TRUE(data.inputs.equal(before));
  }
}

TEST(Corruption, ThereAreSeventeenOfPicturesAndTwoOfTables) {
  EXPECT_EQ(corruption_names(pictures()).size(), 17);
  EXPECT_EQ(corruption_names(table()).size(), 2);
  EXPECT_EQ(corruptions().size(), 19);
}

TEST(Corruption, IsTheSameForTheSameSeed) {
  const std::set<std::string> drawn{"gaussian-noise", "shot-noise",    "impulse-noise",
                                    "speckle-noise",  "motion-blur",   "fog",
                                    "snow",           "elastic",       "rotate",
                                    "translate",      "feature-noise", "missing-features"};
  for (const Dataset& data : {pictures(), table()}) {
    for (const std::string& name : corruption_names(data)) {
      const auto with_seed = [&](uint64_t seed) {
        return corrupted(data, name, {"cifar-c", 3, seed}).inputs;
      };
      EXPECT_TRUE(with_seed(1).equal(with_seed(1))) << name;
      EXPECT_EQ(with_seed(1).equal(with_seed(2)), !drawn.contains(name)) << name;
    }
  }
}

TEST(Corruption, DrawsForEveryPictureAnew) {
  const Dataset data = pictures(2);
  for (const std::string name : {"motion-blur", "fog", "snow", "elastic", "rotate", "translate"}) {
    const at::Tensor result = corrupted(data, name, {"cifar-c", 5, 1}).inputs;
    EXPECT_FALSE(result[0].equal(result[1])) << name;
  }
}

TEST(Corruption, GrowsWithSeverity) {
  // Not elastic and pixelate: their strengths differ in kind from one severity to the next.
  const std::vector<std::string> steady{
      "gaussian-noise", "shot-noise", "impulse-noise", "speckle-noise", "gaussian-blur",
      "zoom-blur",      "fog",        "contrast",      "rotate",        "translate"};
  const Dataset data = pictures(200);
  for (const std::string& scale : kScales) {
    for (const std::string& name : steady) {
      double last = 0;
      for (int64_t severity = 1; severity <= 5; ++severity) {
        const double moved = distance(data, corrupted(data, name, {scale, severity, 7}));
        EXPECT_GT(moved, last) << name << ' ' << scale << ' ' << severity;
        last = moved;
      }
    }
  }
}

TEST(Corruption, AgreesWithScipy) {
  for (const Json& row : golden("corruptions")["tables"]) {
    const std::vector<int64_t> shape = row["shape"];
    const Dataset data = of(picture(shape[0], shape[1], shape[2]), true);
    const Dataset result = corrupted(data, row["name"], {row["scale"], row["severity"], 0});
    const at::Tensor wanted = golden_tensor(row["result"]).view_as(data.inputs);
    EXPECT_LT((result.inputs - wanted).abs().max().item<double>(), 2e-5)
        << row["name"] << row["scale"] << row["shape"];
  }
}

TEST(Corruption, SmearsAsTheReferenceDoes) {
  for (const Json& row : golden("corruptions")["smears"]) {
    const at::Tensor x = picture(3, 6, 9);
    const at::Tensor result = smeared(x, at::full({1}, row["angle"].get<double>()),
                                      motion_weights(row["radius"], row["sigma"]));
    const at::Tensor wanted = golden_tensor(row["result"]).view_as(x);
    EXPECT_LT((result - wanted).abs().max().item<double>(), 2e-5) << row["angle"];
  }
}

TEST(Corruption, HasTheMomentsOfItsNoise) {
  const Dataset grey = of(at::full({50, 1, 40, 40}, 0.5), true);
  const auto moments = [&](const std::string& name, int64_t severity) {
    const at::Tensor x =
        corrupted(grey, name, {"cifar-c", severity, 5}).inputs.to(at::kDouble) - 0.5;
    return std::pair{x.mean().item<double>(), x.var().item<double>()};
  };
  const auto expect = [&](const std::string& name, int64_t severity, double variance) {
    const auto [mean, found] = moments(name, severity);
    EXPECT_NEAR(mean, 0, 3e-3) << name;
    EXPECT_NEAR(found, variance, 0.03 * variance) << name;
  };
  expect("gaussian-noise", 5, 0.1 * 0.1);
  expect("shot-noise", 5, 0.5 / 50);
  expect("speckle-noise", 5, 0.25 * 0.2 * 0.2);
  expect("impulse-noise", 5, 0.07 * 0.25);
}

TEST(Corruption, OfATableCountsInItsFeatures) {
  Dataset data = of(normal({4000, 2}, 3).to(at::kFloat), false);
  data.inputs.select(1, 1).mul_(1000).add_(5000);
  const at::Tensor noisy = corrupted(data, "feature-noise", {"cifar-c", 4, 1}).inputs;
  const at::Tensor shares = (noisy - data.inputs).std(0) / data.inputs.std(0);
  EXPECT_LT((shares - 0.5).abs().max().item<double>(), 0.02);
  const at::Tensor missing = corrupted(data, "missing-features", {"cifar-c", 4, 1}).inputs;
  const at::Tensor gone = missing.ne(data.inputs);
  EXPECT_NEAR(gone.to(at::kDouble).mean().item<double>(), 0.3, 0.02);
  EXPECT_EQ(missing.select(1, 1).masked_select(gone.select(1, 1)).max().item<float>(),
            data.inputs.select(1, 1).mean().item<float>());
}

TEST(Corruption, MovesAndTurnsByNoMoreThanItSays) {
  // One bright pixel in the middle: where it went is where its light is.
  at::Tensor inputs = at::zeros({300, 1, 41, 41});
  inputs.slice(2, 20, 21).slice(3, 20, 21).fill_(1);
  const at::Tensor place = at::arange(41, at::kFloat) - 20;
  const auto centre = [&](const at::Tensor& x, int64_t axis) {
    return (x.sum({1, axis == 2 ? 3 : 2}) * place).sum(1) / x.sum({1, 2, 3});
  };
  const at::Tensor moved = corrupted(of(inputs, true), "translate", {"cifar-c", 5, 3}).inputs;
  for (const int64_t axis : {2, 3}) {
    const double most = centre(moved, axis).abs().max().item<double>();
    EXPECT_LE(most, 0.15 * 41 + 0.01);
    EXPECT_GE(most, 0.13 * 41);
  }
  // The same, ten pixels to the right of the middle.
  const at::Tensor aside = inputs.roll(10, 3);
  const at::Tensor turned = corrupted(of(aside, true), "rotate", {"cifar-c", 5, 3}).inputs;
  const at::Tensor angle =
      at::atan2(centre(turned, 2), centre(turned, 3)).abs() * (180 / std::acos(-1.0));
  EXPECT_LE(angle.max().item<double>(), 25.6);
  EXPECT_GE(angle.max().item<double>(), 23);
}

TEST(Corruption, TakesTheSmallestPictures) {
  for (const int64_t channels : {1, 3}) {
    const Dataset data = of(at::full({3, channels, 1, 1}, 0.5), true);
    for (const std::string& name : corruption_names(data)) {
      for (const std::string& scale : kScales) {
        const at::Tensor result = corrupted(data, name, {scale, 5, 1}).inputs;
        EXPECT_TRUE(result.isfinite().all().item<bool>()) << name;
      }
    }
    const Dataset none = of(at::zeros({0, channels, 4, 4}), true);
    EXPECT_EQ(corrupted(none, "fog", {"cifar-c", 1, 1}).size(), 0);
  }
}

TEST(Corruption, RefusesWhatIsNone) {
  EXPECT_NE(input_error([] { corrupted(pictures(), "smoke", {}); }).find("'smoke'; known: bright"),
            std::string::npos);
  EXPECT_EQ(input_error([] {
              corrupted(pictures(), "fog", {"imagenet", 1, 0});
            }),
            "unknown scale of corruptions 'imagenet'; known: cifar-c, mnist-c");
  EXPECT_EQ(input_error([] {
              corrupted(pictures(), "fog", {"cifar-c", 6, 0});
            }),
            "severity 6; wanted 1 to 5");
  EXPECT_EQ(input_error([] { corrupted(table(), "fog", {}); }),
            "corruption fog needs images of 1 or 3 channels; the samples of the data have "
            "shape [5]");
  EXPECT_EQ(input_error([] { corrupted(pictures(), "feature-noise", {}); }),
            "corruption feature-noise needs tables; the samples of the data have shape [3, 9, 8]");
}

}  // namespace
}  // namespace ncprune
