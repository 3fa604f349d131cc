#include "ncprune/distributed/world.h"

#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "ncprune/distributed/store.h"
#include "tests/data/input_error.h"
#include "tests/in_world.h"
#include "tests/own_port.h"

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

TEST(World, SumsAreTheSameBitsEverywhereWhateverTheirSize) {
  constexpr int64_t kLarge = 40000;  // floats that go another way than a few
  const auto part_of = [](int64_t rank, int64_t size) {
    return at::arange(1, size + 1, at::kFloat).mul_(static_cast<double>(rank) + 0.7).sqrt_();
  };
  for (const int64_t processes : {2, 3, 5}) {
    for (const int64_t size : {int64_t{6}, kLarge}) {
      const auto found = in_world(processes, [&] {
        Numbers numbers;
        append(numbers, sum_over_world(part_of(world_rank(), size)));
        return numbers;
      });
      at::Tensor sum = at::zeros({size}, at::kDouble);
      for (int64_t rank = 0; rank < processes; ++rank) sum += part_of(rank, size);
      for (const Numbers& numbers : found) {
        EXPECT_EQ(numbers, found.front());
        ASSERT_EQ(std::ssize(numbers), size);
        const double last = sum[-1].item<double>();
        EXPECT_NEAR(numbers.back(), last, 1e-6 * last);
        EXPECT_NEAR(numbers[1], sum[1].item<double>(), 1e-6 * last);
      }
    }
  }
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

TEST(World, ProcessesAgreeOnTheMostThreads) {
  const auto found = in_world(
      3, [] { return Numbers{static_cast<double>(world_threads())}; },
      [](int64_t rank) { at::set_num_threads(rank == 1 ? 3 : 1); });
  for (const Numbers& numbers : found) EXPECT_EQ(numbers, Numbers{3});
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

TEST(World, DoesNotWaitLongForAProcessThatNeverComes) {
  const auto start = std::chrono::steady_clock::now();
  const std::string message = input_error([] {
    join_world({.rank = 0, .size = 2, .port = testing::own_port()}, std::chrono::seconds(1));
  });
  EXPECT_EQ(message.find("the 2 processes of this job cannot connect at 127.0.0.1:"), 0) << message;
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 0) << message;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  EXPECT_EQ(world_size(), 1);
}

TEST(World, SaysThatItsPlaceIsTaken) {
  const Store store = Store::serve(0, "another");
  const std::string message =
      input_error([&] { join_world({.rank = 0, .size = 2, .port = store.port()}); });
  EXPECT_EQ(message.find("the 2 processes of this job cannot connect at 127.0.0.1:"), 0) << message;
  EXPECT_EQ(world_size(), 1);
}

}  // namespace
}  // namespace ncprune
