#include <ATen/ops/matmul.h>
#include <gtest/gtest.h>

#include "ncprune/stats/class_sums.h"
#include "ncprune/stats/gram_sum.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

TEST(GramSum, IsTheSumOfTheProductsAndSymmetric) {
  for (const int64_t d : {1, 3, 256, 257, 600}) {  // a block, a little more, several
    Matrix wanted(d, d);
    GramSum sum;
    EXPECT_FALSE(sum.take().defined());
    for (const int64_t samples : {1, 7}) {
      const at::Tensor batch = normal({samples, d}, 1).to(at::kFloat);
      sum.add(batch);
      const Matrix x(batch);
      for (int64_t s = 0; s < samples; ++s) {
        for (int64_t i = 0; i < d; ++i) {
          for (int64_t j = 0; j < d; ++j) wanted(i, j) += x(s, i) * x(s, j);
        }
      }
    }
    const at::Tensor found = sum.take();
    expect_near(found, wanted, 1e-6);
    EXPECT_TRUE(found.equal(found.t()));
    EXPECT_FALSE(sum.take().defined()) << "starts anew";
  }
}

TEST(ClassSums, AddTheRowsOfEachClass) {
  constexpr int64_t kClasses = 4;
  const at::Tensor labels = at::tensor(std::vector<int64_t>{3, 0, 3, 3, 1});  // none of class 2
  const at::Tensor factors = doubles({0.5, 2, 1, 3, 0.25}, {5});
  for (const int64_t d : {1, 300}) {
    for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
      for (const bool transposed : {false, true}) {
        const at::Tensor values =
            transposed ? normal({d, 5}, 1).t().to(type) : normal({5, d}, 1).to(type);
        const Matrix x(values);
        Matrix plain(kClasses, d);
        Matrix weighted(kClasses, d);
        for (int64_t i = 0; i < 5; ++i) {
          const auto c = labels[i].item<int64_t>();
          for (int64_t j = 0; j < d; ++j) {
            plain(c, j) += x(i, j);
            weighted(c, j) += factors[i].item<double>() * x(i, j);
          }
        }
        expect_near(class_sums(values, {labels, kClasses, {}}), plain, 1e-15);
        expect_near(class_sums(values, {labels, kClasses, factors}), weighted, 1e-15);
      }
    }
  }
}

}  // namespace
}  // namespace ncprune
