#include "ncprune/distributed/world.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include "ncprune/distributed/store.h"
#include "tests/data/input_error.h"
#include "tests/in_world.h"

namespace ncprune {
namespace {

using testing::append;
using testing::in_world;
using testing::Numbers;

TEST(World, OfOneProcessHasItsOwnNumbers) {
  EXPECT_EQ(world_rank(), 0);
  EXPECT_EQ(world_size(), 1);
  const at::Tensor part = at::tensor({1.0, 2.0});
  EXPECT_TRUE(sum_over_world(part).is_same(part));
  EXPECT_FALSE(sum_found({}).defined());
  EXPECT_EQ(world_share(5).end, 5);
}

TEST(World, SumsAreTheSameEverywhere) {
  const auto found = in_world(3, [] {
    Numbers numbers;
    append(numbers, sum_over_world(at::full({2, 3}, static_cast<double>(world_rank() + 1))));
    return numbers;
  });
  for (const Numbers& numbers : found) EXPECT_EQ(numbers, Numbers(6, 6.0));
}

TEST(World, AProcessWithNothingHasNoPartInTheSum) {
  const auto found = in_world(3, [] {
    at::Tensor part;
    if (world_rank() != 1) part = at::tensor({1.5F, -2.0F}).view({1, 2});
    const at::Tensor sum = sum_found(part.defined() ? part.clone() : part);
    const at::Tensor largest = largest_found(part);
    Numbers numbers{static_cast<double>(sum.dim()), sum.scalar_type() == at::kFloat ? 1.0 : 0.0,
                    sum_found({}).defined() ? 1.0 : 0.0};
    append(numbers, sum);
    append(numbers, largest);
    return numbers;
  });
  for (const Numbers& numbers : found) EXPECT_EQ(numbers, (Numbers{2, 1, 0, 3, -4, 1.5, -2}));
}

TEST(World, SharesCoverEverythingOnceAndRowsComeTogether) {
  for (const int64_t size : {1, 2, 4}) {
    const auto found = in_world(size, [] {
      const Share own = world_share(3);  // of 4 processes one has nothing
      at::Tensor rows;
      if (own.end > own.begin) {
        rows = at::arange(6, at::kDouble).view({3, 2}).slice(0, own.begin, own.end);
      }
      Numbers numbers;
      append(numbers, gather_rows(rows, own.begin, 3));
      return numbers;
    });
    for (const Numbers& numbers : found) EXPECT_EQ(numbers, (Numbers{0, 1, 2, 3, 4, 5}));
  }
}

TEST(World, SaysThatItsPlaceIsTaken) {
  const Store store = Store::serve(0, "another");
  const std::string message =
      input_error([&] { join_world({.rank = 0, .size = 2, .port = store.port()}); });
  EXPECT_EQ(message.find("the 2 processes of this job do not meet at 127.0.0.1:"), 0) << message;
  EXPECT_EQ(world_size(), 1);
}

}  // namespace
}  // namespace ncprune
