#include <gtest/gtest.h>

#include <cmath>

#include "ncprune/data/source.h"
#include "ncprune/data/synthetic.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

TEST(GaussianClasses, HaveTheDocumentedLaw) {
  const GaussianClasses law =
      gaussian_classes({.classes = 2000, .features = 3, .spread = 4, .noise = 2}, Random(1));
  EXPECT_EQ(law.means.sizes().vec(), (std::vector<int64_t>{2000, 3}));
  for (int64_t i = 0; i < 3; ++i) {
    for (int64_t j = 0; j < 3; ++j) {
      EXPECT_DOUBLE_EQ(law.covariance[i][j].item<double>(),
                       4 * std::pow(0.5, std::abs(static_cast<double>(i - j))));
    }
  }
  // 6000 draws: the mean is off by 4 / sqrt(6000), the deviation by 4 / sqrt(12000), at one sigma.
  EXPECT_NEAR(law.means.mean().item<double>(), 0, 5 * 4 / std::sqrt(6000.0));
  EXPECT_NEAR(law.means.std().item<double>(), 4, 5 * 4 / std::sqrt(12000.0));
}

TEST(GaussianClasses, SamplesHaveTheLawsMeansAndCovariance) {
  const GaussianClasses law =
      gaussian_classes({.classes = 3, .features = 4, .spread = 3, .noise = 2}, Random(2));
  const std::vector<int64_t> counts = {40000, 10000, 20000};
  const Dataset data = sample(law, counts, Random(3));
  EXPECT_EQ(class_counts(data), counts);
  for (int64_t c = 0; c < 3; ++c) {
    // A naive reference: sums over samples, in double.
    const Dataset part = select(data, class_indices(data, c));
    const auto values = elements<float>(part.inputs);
    const auto n = static_cast<size_t>(part.size());
    std::vector<double> mean(4, 0);
    for (size_t i = 0; i < n; ++i) {
      for (size_t k = 0; k < 4; ++k) mean[k] += values[4 * i + k] / static_cast<double>(n);
    }
    const double sigmas = 5 / std::sqrt(static_cast<double>(n));
    for (size_t k = 0; k < 4; ++k) {
      const double truth = law.means[c][static_cast<int64_t>(k)].item<double>();
      EXPECT_NEAR(mean[k], truth, 2 * sigmas) << "class " << c;
      for (size_t l = 0; l < 4; ++l) {
        double covariance = 0;
        for (size_t i = 0; i < n; ++i) {
          covariance += (values[4 * i + k] - mean[k]) * (values[4 * i + l] - mean[l]);
        }
        // The sampling variance of a covariance is (s_kk s_ll + s_kl^2) / n, at most 2 * 4^2 / n.
        EXPECT_NEAR(covariance / static_cast<double>(n),
                    law.covariance[static_cast<int64_t>(k)][static_cast<int64_t>(l)].item<double>(),
                    std::sqrt(2.0) * 4 * sigmas)
            << "class " << c;
      }
    }
  }
}

TEST(SyntheticSource, KeepsItsLawWhateverTheSeed) {
  const std::string spec = "synthetic:3,5,4000?spread=10&noise=0.5";
  const TrainTest one = load_data(spec, "", 1);
  const TrainTest two = load_data(spec, "", 2);
  EXPECT_EQ(class_counts(one.train), std::vector<int64_t>(3, 4000));
  EXPECT_EQ(class_counts(one.test), std::vector<int64_t>(3, 4000));
  EXPECT_TRUE(one.train.inputs.equal(load_data(spec, "", 1).train.inputs));
  EXPECT_FALSE(one.train.inputs.equal(one.test.inputs));
  EXPECT_FALSE(one.train.inputs.equal(two.train.inputs));
  for (int64_t c = 0; c < 3; ++c) {
    const at::Tensor mean = select(one.train, class_indices(one.train, c)).inputs.mean(0);
    for (const Dataset* other : {&one.test, &two.train}) {
      const at::Tensor gap = mean - select(*other, class_indices(*other, c)).inputs.mean(0);
      EXPECT_LT(gap.abs().max().item<double>(), 5 * 0.5 * std::sqrt(2.0 / 4000));
    }
  }
}

TEST(SyntheticSource, TakesOneSampleOfOneClass) {
  const TrainTest data = load_data("synthetic:1,1,1", "", 1);
  EXPECT_EQ(data.train.inputs.sizes().vec(), (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(data.test.size(), 1);
}

TEST(SyntheticSource, NamesWhatIsWrong) {
  const auto error = [](const std::string& spec) {
    return input_error([&] { load_data(spec, "", 1); });
  };
  EXPECT_NE(error("synthetic:3,5").find("wanted synthetic:CLASSES,FEATURES"), std::string::npos);
  EXPECT_NE(error("synthetic:0,5,5").find("'0' is not a whole number"), std::string::npos);
  EXPECT_NE(error("synthetic:1000,1000,1000").find("more than"), std::string::npos);
  EXPECT_NE(error("synthetic:2,2,2?noise=0").find("noise above 0"), std::string::npos);
  EXPECT_NE(error("synthetic:2,2,2?sigma=1").find("unknown option 'sigma'"), std::string::npos);
}

}  // namespace
}  // namespace ncprune
