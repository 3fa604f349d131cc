#include "ncprune/data/read_ahead.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "ncprune/data/waiting.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

// Gives the row's number as its one input, up to a row that cannot be read.
class Numbers : public InputReader {
 public:
  explicit Numbers(int64_t bad = -1) : bad_(bad) {}
  std::vector<int64_t> sample_shape() const override { return {1}; }
  at::Tensor read(const at::Tensor& rows) const override {
    if (rows.eq(bad_).any().item<bool>()) throw InputError("row is bad");
    ++reads;
    return rows.to(at::kFloat).unsqueeze(1);
  }
  mutable std::atomic<int> reads = 0;

 private:
  int64_t bad_;
};

Dataset streamed(const std::shared_ptr<const InputReader>& reader, int64_t samples) {
  Dataset data;
  data.labels = at::zeros({samples}, at::kLong);
  data.class_names = {"a"};
  data.reader = reader;
  data.rows = at::arange(samples);
  return data;
}

TEST(ReadAhead, GivesAllBatchesInOrder) {
  const Dataset data = streamed(std::make_shared<const Numbers>(), 10);
  ReadAhead inputs(data, 4);
  EXPECT_TRUE(inputs.next().equal(data.inputs_at(0, 4)));
  EXPECT_TRUE(inputs.next().equal(data.inputs_at(4, 8)));
  EXPECT_TRUE(inputs.next().equal(data.inputs_at(8, 10)));
}

TEST(ReadAhead, GivesInputsInMemoryAsTheyAre) {
  Dataset data = in_memory(streamed(std::make_shared<const Numbers>(), 10));
  ReadAhead inputs(data, 4);
  EXPECT_EQ(inputs.next().data_ptr(), data.inputs.data_ptr());
}

TEST(ReadAhead, ThrowsWhatReadingThrewInItsPlace) {
  const Dataset data = streamed(std::make_shared<const Numbers>(5), 10);
  ReadAhead inputs(data, 4);
  EXPECT_EQ(inputs.next().size(0), 4);
  EXPECT_EQ(input_error([&] { inputs.next(); }), "row is bad");
}

TEST(ReadAhead, StopsWhenNobodyTakesMore) {
  const auto reader = std::make_shared<const Numbers>();
  const Dataset data = streamed(reader, 1000);
  {
    ReadAhead inputs(data, 1);
    inputs.next();
  }
  EXPECT_LE(reader->reads, 3);  // the batch taken and at most two more, of which one is dropped
}

TEST(ReadAhead, CountsTheTimeThatTheCallerWaitsAndNoOther) {
  const Dataset data = streamed(std::make_shared<const Numbers>(), 2);
  std::atomic<int64_t> finished = 0;
  const double before = seconds_waited();
  ReadAhead inputs(data, 2, [&](int64_t i) {
    const at::Tensor batch = data.inputs_at(i, i + 1);
    ++finished;
    return batch;
  });
  inputs.next();
  const double after_first = seconds_waited();
  EXPECT_GT(after_first, before);
  while (finished < 2) std::this_thread::yield();
  EXPECT_EQ(seconds_waited(), after_first);  // the second batch was read meanwhile
  inputs.next();
  EXPECT_GT(seconds_waited(), after_first);
}

}  // namespace
}  // namespace ncprune
