#include "ncprune/evaluate/mismatch.h"

#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "ncprune/data/class_order.h"
#include "tests/data/input_error.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

constexpr int64_t kClasses = 24;

// Small pictures [N, 3, 2, 2], each near the mean of its class.
struct Pictures {
  at::Tensor means;  // [K, 3, 2, 2]
  Dataset data;
};

Pictures pictures() {
  Random random(6);
  Pictures made{at::rand({kClasses, 3, 2, 2}, random.generator()), {}};
  made.data.labels = at::arange(kClasses, at::kLong).repeat({20});
  made.data.inputs = (made.means.index_select(0, made.data.labels) +
                      0.02 * at::randn({20 * kClasses, 3, 2, 2}, random.generator()))
                         .clamp(0, 1);
  for (int64_t c = 0; c < kClasses; ++c) made.data.class_names.push_back("c" + std::to_string(c));
  made.data.range = std::pair{0.0, 1.0};
  return made;
}

// The classifier by the nearest of `means` [K, ...], as the pixels were prepared for its training.
Network nearest(const at::Tensor& means) {
  Network network = head_alone(2 * means.flatten(1), -means.flatten(1).square().sum(1));
  std::vector<int64_t> shape = means.sizes().vec();
  shape.front() = -1;
  network.input.shape = shape;
  network.nodes.front().inputs.front() = "flat";
  network.nodes.insert(network.nodes.begin(), {"Flatten", "", {"input"}, {"flat"}, {}});
  return network;
}

void expect_named(const std::string& line, const std::string& part) {
  EXPECT_NE(line.find(part), std::string::npos) << part << " is not in: " << line;
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

std::string line_of(const Network& network, const Dataset& data) {
  const std::optional<Mismatch> mismatch = find_mismatch(network, data);
  return mismatch ? mismatch->line : "";
}

TEST(Mismatch, NothingIsSaidOfANetworkThatFits) {
  const Pictures made = pictures();
  EXPECT_FALSE(find_mismatch(nearest(made.means), made.data));
}

TEST(Mismatch, EveryPlantedOneIsNamedWithItsRemedy) {
  const Pictures made = pictures();
  const at::Tensor mean = at::tensor({0.485, 0.456, 0.406}, at::kFloat).view({3, 1, 1});
  const at::Tensor deviation = at::tensor({0.229, 0.224, 0.225}, at::kFloat).view({3, 1, 1});
  expect_named(line_of(nearest(made.means * 255), made.data), "range=255");
  expect_named(line_of(nearest((made.means - mean) / deviation), made.data), "mean=imagenet");
  expect_named(line_of(nearest(made.means.flip(1)), made.data), "channels=bgr");
}

TEST(Mismatch, ShapesThatDoNotFitAreNamedWithTheirRemedy) {
  const Pictures made = pictures();
  const Network last = nearest(made.means.permute({0, 2, 3, 1}).contiguous());
  expect_named(input_error([&] { require_fits(last, made.data, "net"); }), "layout=nhwc");
  const Network larger = nearest(made.means.repeat({1, 1, 2, 2}));
  expect_named(input_error([&] { require_fits(larger, made.data, "net"); }), "crop=4");
}

TEST(Mismatch, AnotherOrderOfClassesIsNamedAndMended) {
  const Pictures made = pictures();
  const at::Tensor order = at::arange(kClasses, at::kLong).roll({2});
  const Network network = nearest(made.means.index_select(0, order));
  std::vector<std::string> names;
  for (int64_t c = 0; c < kClasses; ++c) {
    names.push_back("c" + std::to_string(order[c].item<int64_t>()));
  }
  expect_named(line_of(network, made.data), fmt::format("--classes {}", fmt::join(names, ",")));
  EXPECT_FALSE(find_mismatch(network, with_class_order(made.data, names, "data")));
}

TEST(Mismatch, NamesThatDoNotFitALineAreGivenAsAList) {
  Pictures made = pictures();
  const at::Tensor order = at::arange(kClasses, at::kLong).roll({2});
  const Network network = nearest(made.means.index_select(0, order));
  const auto found = [&](const std::string& name) {
    made.data.class_names.front() = name;
    return *find_mismatch(network, made.data);
  };
  expect_named(found("ankle boot").line, "--classes 'c22,c23,ankle boot,c1,");
  EXPECT_TRUE(found("ankle boot").class_order.empty());
  const Mismatch listed = found("boot, ankle");
  expect_named(listed.line, "--classes @FILE");
  ASSERT_EQ(listed.class_order.size(), 24U);
  EXPECT_EQ(listed.class_order[1], "c23");
  EXPECT_EQ(listed.class_order[2], "boot, ankle");
}

TEST(Mismatch, AnotherPreparationIsNamedWhenItIsFarBetter) {
  const Pictures made = pictures();
  Random random(8);
  Dataset noise = made.data;
  noise.inputs = at::rand(noise.inputs.sizes(), random.generator());
  const std::vector<OtherPreparation> others{{"if cut", "crop=1", noise},
                                             {"if squashed", "resize=2x2", made.data}};
  int asked = 0;
  const auto give = [&] {
    ++asked;
    return others;
  };
  EXPECT_FALSE(find_mismatch(nearest(made.means), made.data, give));
  EXPECT_EQ(asked, 0);
  const auto found = find_mismatch(nearest(made.means), noise, give);
  ASSERT_TRUE(found.has_value());
  expect_named(found->line, "100 % if squashed; see resize=2x2");
}

TEST(Mismatch, NetworkWithoutAnyUseIsRefused) {
  const Pictures made = pictures();
  Network network = nearest(made.means);
  network.initializers.at("weight").zero_();
  expect_named(line_of(network, made.data), "not above chance, 4 %");
}

TEST(ClassOrder, MustBeThatOfTheData) {
  const Dataset data = pictures().data;
  std::vector<std::string> names = data.class_names;
  names.back() = "other";
  expect_named(input_error([&] { with_class_order(data, names, "data"); }), "'other'");
  names.pop_back();
  expect_named(input_error([&] { with_class_order(data, names, "data"); }), "'c23'");
}

}  // namespace
}  // namespace ncprune
