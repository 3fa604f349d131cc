#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune::testing {

using Numbers = std::vector<double>;

// Appends the elements of `tensor`, if it is defined.
inline void append(Numbers& numbers, const at::Tensor& tensor) {
  if (!tensor.defined()) return;
  const at::Tensor flat = tensor.detach().to(at::kDouble).contiguous();
  const auto view = elements<double>(flat);
  numbers.insert(numbers.end(), view.begin(), view.end());
}

// `found` is `wanted`, to `tolerance` of the largest number or of 1.
inline void expect_close(const Numbers& found, const Numbers& wanted, double tolerance = 1e-5) {
  ASSERT_FALSE(wanted.empty());
  ASSERT_EQ(found.size(), wanted.size());
  double largest = 1;
  for (const double number : wanted) largest = std::max(largest, std::abs(number));
  for (size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_NEAR(found[i], wanted[i], tolerance * largest) << "number " << i;
  }
}

}  // namespace ncprune::testing
