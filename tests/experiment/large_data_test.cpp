// Data that do not fit into --memory.
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "ncprune/base/random.h"
#include "ncprune/base/runtime.h"
#include "ncprune/experiment/prepare.h"
#include "tests/streamed.h"

namespace ncprune {
namespace {

TEST(LargeData, InputsAreAveragedBatchByBatch) {
  Random random(1);
  PreparedData held;
  held.train.inputs = at::empty({150, 3, 4, 5}).uniform_(0, 1, random.generator());
  held.train.inputs.select(1, 1).fill_(0.1);  // which no binary number is
  held.train.labels = at::arange(150, at::kLong).remainder(2);
  held.train.class_names = {"a", "b"};
  held.train.range = std::pair{0.0, 1.0};
  PreparedData read = held;
  read.train = streamed(held.train);
  const Metadata wanted = make_network("mlp:4", held, 1).metadata;
  const int64_t usual = memory_limit();
  set_memory_limit(1000);
  const Metadata found = make_network("mlp:4", read, 1).metadata;
  set_memory_limit(usual);
  EXPECT_TRUE(at::allclose(found.input_mean, wanted.input_mean, 1e-6, 1e-7));
  EXPECT_TRUE(at::allclose(found.input_scale, wanted.input_scale, 1e-6, 1e-7));
  EXPECT_EQ(found.input_scale.flatten()[1].item<float>(), 1);
  // What fits is averaged as ever.
  EXPECT_TRUE(make_network("mlp:4", read, 1).metadata.input_mean.equal(wanted.input_mean));
}

}  // namespace
}  // namespace ncprune
