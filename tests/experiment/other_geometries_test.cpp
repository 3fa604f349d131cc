#include "ncprune/experiment/other_geometries.h"

#include <ATen/ops/randint.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/data/folder.h"
#include "tests/data/image_bytes.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

constexpr int64_t kHeight = 40;
constexpr int64_t kWidth = 56;
constexpr int kClasses = 30;

// Pictures wider than high, near a picture of their class whose blocks of 4 x 4 pixels differ.
void write_pictures(const Folder& folder) {
  for (int c = 0; c < kClasses; ++c) {
    Random random(static_cast<uint64_t>(c));
    const at::Tensor blocks = at::randint(30, 226, {kHeight / 4, kWidth / 4, 3}, random.generator())
                                  .repeat_interleave(4, 0)
                                  .repeat_interleave(4, 1);
    for (int i = 0; i < 6; ++i) {
      const at::Tensor noise = at::randint(-20, 21, {kHeight, kWidth, 3}, random.generator());
      const at::Tensor pixels = (blocks + noise).to(at::kByte).contiguous();
      const auto* bytes = pixels.data_ptr<uint8_t>();
      folder.write(fmt::format("class {}/{}.png", c, i),
                   png_bytes({3, kHeight, kWidth, {bytes, bytes + pixels.numel()}}));
    }
  }
}

class OtherGeometries : public ::testing::Test {
 protected:
  void SetUp() override { write_pictures(folder_); }

  DataRequest request(const std::string& options) const {
    DataRequest request;
    request.data = "images:" + folder_.path() + "?" + options;
    return request;
  }

  // The classifier by the nearest mean of a class, of pictures that are prepared as `options` say.
  Network trained(const std::string& options) const {
    const Dataset train = in_memory(prepare_data(request(options)).train);
    std::vector<at::Tensor> means;
    for (int64_t c = 0; c < kClasses; ++c) {
      means.push_back(train.inputs.index_select(0, class_indices(train, c)).mean(0));
    }
    const at::Tensor flat = at::stack(means).flatten(1);
    Network network = head_alone(2 * flat, -flat.square().sum(1));
    network.input.shape = {-1, 3, 12, 12};
    network.nodes.front().inputs.front() = "flat";
    network.nodes.insert(network.nodes.begin(), {"Flatten", "", {"input"}, {"flat"}, {}});
    return network;
  }

  std::string mismatch(const Network& network, const std::string& options) const {
    const DataRequest asked = request(options);
    const PreparedData data = prepare_data(asked);
    const auto found =
        find_mismatch(network, data.train, [&] { return other_geometries(asked, data); });
    return found ? found->line : "";
  }

  Folder folder_;
};

TEST_F(OtherGeometries, NameAWrongCropOrResize) {
  const std::vector<std::string> ways{"resize=12x12", "crop=12", "resize=12&crop=12",
                                      "resize=14&crop=12"};
  for (const std::string& right : ways) {
    const Network network = trained(right);
    EXPECT_EQ(mismatch(network, right), "");
    for (const std::string& wrong : ways) {
      const std::string line = mismatch(network, wrong);
      if (line.empty()) continue;  // hardly another picture
      EXPECT_TRUE(line.ends_with("; see images:DIR?" + right)) << wrong << ": " << line;
    }
    const std::string wrong = right == "crop=12" ? "resize=12x12" : "crop=12";
    EXPECT_NE(mismatch(network, wrong), "") << right;
  }
}

TEST_F(OtherGeometries, AreOnlyOfPicturesAndOfTheOtherWays) {
  const DataRequest asked = request("resize=14&crop=12");
  const std::vector<OtherPreparation> others = other_geometries(asked, prepare_data(asked));
  ASSERT_EQ(others.size(), 3U);
  for (const OtherPreparation& other : others) {
    EXPECT_EQ(other.train.sample_shape(), (std::vector<int64_t>{3, 12, 12})) << other.remedy;
  }
  DataRequest table;
  table.data = "synthetic:2,3,20";
  EXPECT_TRUE(other_geometries(table, prepare_data(table)).empty());
}

}  // namespace
}  // namespace ncprune
