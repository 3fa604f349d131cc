// Noise and corruptions of inputs that are read when they are needed: the same bits as in memory.
#include <ATen/ops/arange.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ncprune/data/corruption.h"
#include "ncprune/data/noise.h"
#include "ncprune/data/normal_stream.h"
#include "tests/streamed.h"

namespace ncprune {
namespace {

Dataset in_memory_of(at::IntArrayRef shape) {
  Dataset data;
  Random random(3);
  data.inputs = at::rand(shape, random.generator());
  data.labels = at::zeros({shape[0]}, at::kLong);
  data.class_names = {"a"};
  data.range = std::pair{0.0, 1.0};
  return data;
}

// Every part of `some` equals that of `all`, in order, backwards and alone.
void expect_same(const Dataset& some, const at::Tensor& all) {
  const int64_t n = all.size(0);
  for (int64_t i = 0; i < n; i += 3) {
    const int64_t end = std::min(i + 3, n);
    EXPECT_TRUE(some.inputs_at(i, end).equal(all.slice(0, i, end)));
  }
  const at::Tensor backwards = at::arange(n).flip(0);
  EXPECT_TRUE(some.inputs_of(backwards).equal(all.flip(0)));
  EXPECT_TRUE(some.inputs_at(n - 1, n).equal(all.slice(0, n - 1, n)));
  EXPECT_TRUE(in_memory(some).inputs.equal(all));
}

TEST(NormalStream, GivesTheNumbersOfOneCall) {
  for (const int64_t total : {0, 1, 15, 16, 17, 31, 32, 100, 4099}) {
    Random random = Random(5).stream("x");
    const NormalStream stream(total, 0.3, Random(5).stream("x"));
    const at::Tensor all = at::zeros({total}).normal_(0, 0.3, random.generator());
    EXPECT_TRUE(stream.read(0, total).equal(all)) << total;
    for (int64_t begin = total; begin-- > 0; begin -= total / 7) {
      const int64_t end = std::min(begin + 1 + begin % 37, total);
      EXPECT_TRUE(stream.read(begin, end).equal(all.slice(0, begin, end))) << total << begin;
    }
  }
}

TEST(NormalStream, GoesBackToPlacesItKnows) {
  constexpr int64_t kTotal = 3'500'001;
  Random random(7);
  const at::Tensor all = at::zeros({kTotal}).normal_(0, 1, random.generator());
  const NormalStream stream(kTotal, 1, Random(7));
  for (const int64_t begin : {3'499'990, 2'200'003, 1'100'000, 17, 3'000'000}) {
    EXPECT_TRUE(stream.read(begin, begin + 11).equal(all.slice(0, begin, begin + 11))) << begin;
  }
}

TEST(Noise, OfStreamedInputsIsThatOfInputsInMemory) {
  for (const auto& shape :
       {std::vector<int64_t>{7, 3, 5, 3}, {1, 1, 2, 3}, {8, 16}, {5, 1, 4, 4}}) {
    const Dataset data = in_memory_of(shape);
    expect_same(with_gaussian_noise(streamed(data), 0.2, 9),
                with_gaussian_noise(data, 0.2, 9).inputs);
  }
}

// 130 x 130 pixels in three colours make parts of 242 pictures; 300 are two of them.
TEST(Corruptions, OfStreamedPicturesAreThoseOfPicturesInMemory) {
  const Dataset small = in_memory_of({7, 3, 12, 12});
  for (const std::string& name : corruption_names(small)) {
    SCOPED_TRACE(name);
    const CorruptionLevel level{.severity = 3, .seed = 4};
    expect_same(corrupted(streamed(small), name, level), corrupted(small, name, level).inputs);
  }
  const Dataset large = in_memory_of({300, 3, 130, 130});
  const CorruptionLevel level{.severity = 2, .seed = 4};
  const at::Tensor all = corrupted(large, "gaussian-noise", level).inputs;
  const Dataset some = corrupted(streamed(large), "gaussian-noise", level);
  EXPECT_TRUE(some.inputs_at(290, 300).equal(all.slice(0, 290, 300)));
  EXPECT_TRUE(some.inputs_at(100, 260).equal(all.slice(0, 100, 260)));
}

TEST(Corruptions, SelectedStreamedPicturesAreThoseOfTheWhole) {
  const Dataset data = in_memory_of({7, 3, 12, 12});
  const CorruptionLevel level{.severity = 3, .seed = 4};
  const at::Tensor places = at::tensor({6, 1, 2}, at::kLong);
  EXPECT_TRUE(select(corrupted(streamed(data), "gaussian-noise", level), places)
                  .inputs_at(0, 3)
                  .equal(corrupted(data, "gaussian-noise", level).inputs.index_select(0, places)));
}

}  // namespace
}  // namespace ncprune
