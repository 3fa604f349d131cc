// Conv, ConvTranspose and pooling against loops over every tap, in double precision.
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/data/input_error.h"
#include "tests/matrix.h"
#include "tests/model/one_node.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

using Shape = std::vector<int64_t>;

// A value [N, C, d1, d2, d3]; fewer spatial axes get axes of size 1 in front.
struct Volume {
  Shape shape;
  std::vector<double> values;

  static Volume zeros(Shape shape) {
    const auto count = static_cast<size_t>(c10::multiply_integers(shape));
    return {std::move(shape), std::vector<double>(count, 0)};
  }
  static Volume of(const at::Tensor& tensor) {
    Shape shape = tensor.sizes().vec();
    while (shape.size() < 5) shape.insert(shape.begin() + 2, 1);
    const at::Tensor flat = tensor.to(at::kDouble).contiguous();
    const auto view = elements<double>(flat);
    return {shape, {view.begin(), view.end()}};
  }
  size_t index(const Shape& at) const {
    int64_t place = 0;
    for (size_t axis = 0; axis < 5; ++axis) place = place * shape[axis] + at[axis];
    return static_cast<size_t>(place);
  }
  double& operator[](const Shape& at) { return values[index(at)]; }
  double operator[](const Shape& at) const { return values[index(at)]; }
  bool contains(const Shape& at) const {
    for (size_t axis = 0; axis < 5; ++axis) {
      if (at[axis] < 0 || at[axis] >= shape[axis]) return false;
    }
    return true;
  }
};

// Calls `visit` with every index below `shape`.
template <typename Visit>
void each(const Shape& shape, Visit visit) {
  Shape at(shape.size(), 0);
  for (int64_t left = c10::multiply_integers(shape); left > 0; --left) {
    visit(at);
    for (size_t axis = shape.size(); axis-- > 0;) {
      if (++at[axis] < shape[axis]) break;
      at[axis] = 0;
    }
  }
}

// Strides, dilations, pads in front and groups, on three axes.
struct Slide {
  Shape strides;
  Shape dilations;
  Shape pads;
  int64_t groups = 1;
};

Slide slide(const Attributes& attributes, size_t axes) {
  const Node node{"Conv", "n", {}, {}, attributes};
  const auto three = [&](const std::string& key, int64_t fallback) {
    Shape values = node.integers(key, Shape(axes, fallback));
    values.resize(axes);
    values.insert(values.begin(), 3 - axes, fallback);
    return values;
  };
  return {three("strides", 1), three("dilations", 1), three("pads", 0), node.integer("group", 1)};
}

// Where tap `t` of the window at `o` stands.
Shape place(const Slide& s, int64_t n, int64_t channel, const Shape& o, const Shape& t) {
  Shape at{n, channel};
  for (size_t axis = 0; axis < 3; ++axis) {
    at.push_back(o[axis] * s.strides[axis] - s.pads[axis] + t[axis] * s.dilations[axis]);
  }
  return at;
}

Shape spatial(const Shape& shape) {
  return {shape.begin() + 2, shape.end()};
}

Volume convolved(const Volume& x, const Volume& w, const Slide& s, Volume y) {
  const int64_t per_group = y.shape[1] / s.groups;
  each(y.shape, [&](const Shape& at) {
    each({w.shape[1], w.shape[2], w.shape[3], w.shape[4]}, [&](const Shape& tap) {
      const int64_t channel = at[1] / per_group * w.shape[1] + tap[0];
      const Shape from = place(s, at[0], channel, spatial(at), {tap[1], tap[2], tap[3]});
      if (x.contains(from)) y[at] += x[from] * w[{at[1], tap[0], tap[1], tap[2], tap[3]}];
    });
  });
  return y;
}

Volume transposed(const Volume& x, const Volume& w, const Slide& s, Volume y) {
  const int64_t per_group = x.shape[1] / s.groups;
  each(x.shape, [&](const Shape& at) {
    each({w.shape[1], w.shape[2], w.shape[3], w.shape[4]}, [&](const Shape& tap) {
      const int64_t channel = at[1] / per_group * w.shape[1] + tap[0];
      const Shape to = place(s, at[0], channel, spatial(at), {tap[1], tap[2], tap[3]});
      if (y.contains(to)) y[to] += x[at] * w[{at[1], tap[0], tap[1], tap[2], tap[3]}];
    });
  });
  return y;
}

void expect_close(const at::Tensor& found, const Volume& wanted) {
  expect_near(found.flatten(),
              Matrix(doubles(wanted.values, {static_cast<int64_t>(wanted.values.size())})), 1e-5);
}

struct Case {
  Shape x;
  Shape weight;
  Attributes attributes;
  Shape y;
};

Attributes with(const Attributes& more, int64_t group = 1) {
  Attributes attributes = more;
  attributes["group"] = group;
  return attributes;
}

TEST(Conv, GivesTheSumOverEveryTap) {
  const std::vector<Case> cases{
      {{2, 3, 7}, {4, 3, 3}, {}, {2, 4, 5}},
      {{1, 1, 1, 1}, {1, 1, 1, 1}, {}, {1, 1, 1, 1}},
      {{2, 4, 5, 6}, {6, 2, 3, 2}, with({{"pads", Shape{1, 0, 1, 0}}}, 2), {2, 6, 5, 5}},
      {{1, 3, 6, 5}, {6, 1, 3, 3}, with({{"pads", Shape{1, 1, 1, 1}}}, 3), {1, 6, 6, 5}},
      {{2, 2, 9, 8},
       {3, 2, 3, 2},
       {{"dilations", Shape{2, 3}}, {"strides", Shape{2, 1}}},
       {2, 3, 3, 5}},
      {{1, 2, 5, 5},
       {2, 2, 2, 3},
       {{"pads", Shape{0, 2, 3, 1}}, {"strides", Shape{3, 2}}},
       {1, 2, 3, 3}},
      {{1, 2, 4, 3, 5}, {2, 2, 2, 1, 3}, {{"pads", Shape{1, 0, 2, 0, 0, 1}}}, {1, 2, 4, 3, 6}}};
  for (const Case& one : cases) {
    const at::Tensor x = normal(one.x, 1).to(at::kFloat);
    const at::Tensor w = normal(one.weight, 2).to(at::kFloat);
    const at::Tensor bias = normal({one.weight[0]}, 3).to(at::kFloat);
    Volume y = Volume::of(at::zeros(one.y));
    each(y.shape, [&](const Shape& at) { y[at] = bias[at[1]].item<double>(); });
    const at::Tensor found = apply("Conv", {x, w, bias}, one.attributes);
    EXPECT_EQ(found.sizes(), at::IntArrayRef(one.y));
    expect_close(
        found, convolved(Volume::of(x), Volume::of(w), slide(one.attributes, one.x.size() - 2), y));
  }
}

TEST(ConvTranspose, AddsEveryWindowWhereItStands) {
  const std::vector<Case> cases{
      {{2, 3, 4}, {3, 2, 3}, {}, {2, 2, 6}},
      {{1, 4, 3, 2}, {4, 3, 3, 2}, with({{"strides", Shape{2, 3}}}, 2), {1, 6, 7, 5}},
      {{1, 2, 3, 3},
       {2, 1, 3, 3},
       {{"pads", Shape{1, 0, 0, 2}}, {"strides", Shape{2, 2}}, {"output_padding", Shape{1, 1}}},
       {1, 1, 7, 6}},
      {{1, 1, 3, 3}, {1, 2, 2, 2}, {{"dilations", Shape{2, 1}}}, {1, 2, 5, 4}},
      {{1, 1, 2, 2, 2}, {1, 1, 2, 2, 2}, {{"strides", Shape{2, 1, 1}}}, {1, 1, 4, 3, 3}}};
  for (const Case& one : cases) {
    const at::Tensor x = normal(one.x, 1).to(at::kFloat);
    const at::Tensor w = normal(one.weight, 2).to(at::kFloat);
    const at::Tensor bias = normal({one.y[1]}, 3).to(at::kFloat);
    Volume y = Volume::of(at::zeros(one.y));
    each(y.shape, [&](const Shape& at) { y[at] = bias[at[1]].item<double>(); });
    const at::Tensor found = apply("ConvTranspose", {x, w, bias}, one.attributes);
    EXPECT_EQ(found.sizes(), at::IntArrayRef(one.y));
    expect_close(found, transposed(Volume::of(x), Volume::of(w),
                                   slide(one.attributes, one.x.size() - 2), y));
  }
}

const std::vector<Case>& pooling_cases() {
  static const std::vector<Case> cases{
      {{2, 3, 7}, {}, {{"kernel_shape", Shape{3}}, {"strides", Shape{2}}}, {2, 3, 3}},
      {{1, 2, 5, 6},
       {},
       {{"kernel_shape", Shape{2, 3}}, {"pads", Shape{1, 0, 0, 2}}},
       {1, 2, 5, 6}},
      // The last window overhangs; the one behind it would start in the padding.
      {{1, 1, 6, 5},
       {},
       {{"kernel_shape", Shape{3, 2}},
        {"strides", Shape{2, 2}},
        {"pads", Shape{0, 1, 0, 1}},
        {"ceil_mode", int64_t{1}}},
       {1, 1, 3, 3}},
      {{1, 2, 3, 4, 4},
       {},
       {{"kernel_shape", Shape{2, 2, 3}}, {"strides", Shape{1, 2, 1}}},
       {1, 2, 2, 2, 2}},
      {{1, 1, 7, 7},
       {},
       {{"kernel_shape", Shape{3, 2}}, {"dilations", Shape{2, 3}}},
       {1, 1, 3, 4}}};
  return cases;
}

// What `visit` makes of the taps of every window: called with the window, and for each tap where
// it stands and whether that is at least on the padding.
template <typename Visit>
void each_tap(const Case& one, const Volume& x, const Volume& y, Visit visit) {
  const Node node{"Pool", "n", {}, {}, one.attributes};
  const size_t axes = one.x.size() - 2;
  const Slide s = slide(one.attributes, axes);
  Shape kernel = node.integers("kernel_shape", {});
  kernel.insert(kernel.begin(), 3 - axes, 1);
  const Shape pads = node.integers("pads", Shape(2 * axes, 0));
  each(y.shape, [&](const Shape& at) {
    each(kernel, [&](const Shape& tap) {
      const Shape from = place(s, at[0], at[1], spatial(at), tap);
      bool on_padding = true;
      for (size_t axis = 3 - axes; axis < 3; ++axis) {
        const int64_t end = x.shape[axis + 2] + pads[axes + axis - (3 - axes)];
        on_padding = on_padding && from[axis + 2] < end;
      }
      visit(at, from, on_padding);
    });
  });
}

TEST(MaxPool, TakesTheLargestUnderEveryWindow) {
  for (const Case& one : pooling_cases()) {
    const at::Tensor x = normal(one.x, 1).to(at::kFloat);
    const Volume values = Volume::of(x);
    Volume y = Volume::of(at::full(one.y, -std::numeric_limits<double>::infinity()));
    each_tap(one, values, y, [&](const Shape& at, const Shape& from, bool) {
      if (values.contains(from)) y[at] = std::max(y[at], values[from]);
    });
    const at::Tensor found = apply("MaxPool", {x}, one.attributes);
    EXPECT_EQ(found.sizes(), at::IntArrayRef(one.y));
    expect_close(found, y);
  }
}

TEST(AveragePool, CountsPaddingOnlyWhenAskedAndOverhangNever) {
  for (const Case& one : pooling_cases()) {
    for (const int64_t with_padding : {0, 1}) {
      const at::Tensor x = normal(one.x, 1).to(at::kFloat);
      const Volume values = Volume::of(x);
      Volume sums = Volume::of(at::zeros(one.y));
      Volume counts = sums;
      each_tap(one, values, sums, [&](const Shape& at, const Shape& from, bool on_padding) {
        if (values.contains(from)) sums[at] += values[from];
        if (with_padding != 0 ? on_padding : values.contains(from)) ++counts[at];
      });
      for (size_t i = 0; i < sums.values.size(); ++i) sums.values[i] /= counts.values[i];
      Attributes attributes = one.attributes;
      attributes["count_include_pad"] = with_padding;
      const at::Tensor found = apply("AveragePool", {x}, attributes);
      EXPECT_EQ(found.sizes(), at::IntArrayRef(one.y));
      expect_close(found, sums);
    }
  }
}

TEST(GlobalPooling, ReducesEverySpatialAxis) {
  const at::Tensor x = floats({1, 2, 3, 6, -1, -2, -3, -6}, {1, 2, 2, 2});
  const at::Tensor average = apply("GlobalAveragePool", {x});
  EXPECT_EQ(average.sizes(), at::IntArrayRef({1, 2, 1, 1}));
  expect_near(average.flatten(), Matrix(floats({3, -3}, {2})), 1e-6);
  expect_near(apply("GlobalMaxPool", {x}).flatten(), Matrix(floats({6, -1}, {2})), 1e-6);
}

TEST(Reductions, GoOverTheAxesGivenByAttributeOrInput) {
  const at::Tensor x = floats({1, 2, 3, 4, 5, 9}, {2, 3});
  const at::Tensor axes = at::tensor(Shape{-1}, at::TensorOptions(at::kLong));
  const auto reduced = [&](const std::string& type) {
    const at::Tensor by_attribute = apply(type, {x}, {{"axes", Shape{1}}});
    EXPECT_EQ(by_attribute.sizes(), at::IntArrayRef({2, 1}));
    const at::Tensor by_input = apply(type, {x, axes}, {{"keepdims", int64_t{0}}});
    EXPECT_EQ(by_input.sizes(), at::IntArrayRef({2}));
    EXPECT_TRUE(by_input.equal(by_attribute.flatten()));
    EXPECT_EQ(apply(type, {x}).sizes(), at::IntArrayRef({1, 1}));
    return by_input;
  };
  expect_near(reduced("ReduceMean"), Matrix(floats({2, 6}, {2})), 1e-6);
  expect_near(reduced("ReduceSum"), Matrix(floats({6, 18}, {2})), 1e-6);
  expect_near(reduced("ReduceMax"), Matrix(floats({3, 9}, {2})), 0);
  expect_near(reduced("ReduceMin"), Matrix(floats({1, 4}, {2})), 0);
  for (const Shape& bad : {Shape{2}, Shape{0, 0}, Shape{-3}}) {
    input_error([&] { apply("ReduceMean", {x}, {{"axes", bad}}); });
  }
}

TEST(Windows, ThatCannotBeMeantAreRefused) {
  constexpr int64_t kHuge = int64_t{1} << 40;
  const at::Tensor x = at::zeros({1, 2, 4, 4});
  const at::Tensor w = at::zeros({2, 2, 3, 3});
  const std::vector<Attributes> bad{
      {{"strides", Shape{0, 1}}},
      {{"strides", Shape{1}}},
      {{"strides", Shape{-1, 1}}},
      {{"dilations", Shape{0, 1}}},
      {{"dilations", Shape{kHuge, kHuge}}},
      {{"dilations", Shape{3, 1}}},
      {{"pads", Shape{-1, 0, 0, 0}}},
      {{"pads", Shape{0, 0}}},
      {{"pads", Shape{kHuge, kHuge, kHuge, kHuge}}},
      {{"pads", Shape{1 << 27, 1 << 27, 1 << 27, 1 << 27}}},
      {{"pads", Shape{1 << 27, 1 << 27, 0, 0}}, {"strides", Shape{1 << 28, 1 << 28}}},
      {{"kernel_shape", Shape{0, 3}}},
      {{"kernel_shape", Shape{5, 5}}},
      {{"kernel_shape", Shape{-3, 3}}},
      {{"kernel_shape", Shape{kHuge, kHuge}}},
      {{"kernel_shape", Shape{}}},
      {{"kernel_shape", Shape{1, 1, 1, 1}}},
      {{"auto_pad", std::string("SOME")}}};
  for (const Attributes& attributes : bad) {
    for (const std::string type : {"Conv", "MaxPool", "AveragePool"}) {
      SCOPED_TRACE(type + " " + attributes.begin()->first);
      Attributes all = attributes;
      all.emplace("kernel_shape", Shape{3, 3});
      const std::vector<at::Tensor> inputs =
          type == "Conv" ? std::vector<at::Tensor>{x, w} : std::vector<at::Tensor>{x};
      const std::string message = input_error([&] { apply(type, inputs, all); });
      EXPECT_NE(message.find("node 'n' (" + type + ")"), std::string::npos) << message;
    }
  }
  constexpr int64_t kUneven = 3;
  for (const int64_t groups : {int64_t{0}, int64_t{-1}, kUneven, kHuge}) {
    input_error([&] { apply("Conv", {x, w}, with({}, groups)); });
    input_error([&] { apply("ConvTranspose", {x, w}, with({}, groups)); });
  }
  for (const Attributes& attributes :
       std::vector<Attributes>{{{"output_padding", Shape{1 << 28, 1 << 28}}},
                               {{"output_padding", Shape{-1, 0}}},
                               {{"output_shape", Shape{1 << 28, 1 << 28}}},
                               {{"output_shape", Shape{0, 4}}},
                               {{"pads", Shape{9, 9, 9, 9}}},
                               {{"strides", Shape{1 << 28, 1 << 28}}}}) {
    input_error([&] { apply("ConvTranspose", {x, w}, attributes); });
  }
  for (const Shape& shape : {Shape{4}, Shape{2, 4}, Shape{1, 2, 4}, Shape{1, 3, 4, 4}, Shape{}}) {
    input_error([&] { apply("Conv", {at::zeros(shape), w}); });
    input_error([&] { apply("ConvTranspose", {at::zeros(shape), w}); });
    if (shape.size() > 3) continue;
    input_error([&] { apply("MaxPool", {at::zeros(shape)}, {{"kernel_shape", Shape{2, 2}}}); });
    if (shape.size() < 3) input_error([&] { apply("GlobalAveragePool", {at::zeros(shape)}); });
  }
  input_error([&] { apply("Conv", {x, w, at::zeros({3})}); });
  input_error([&] { apply("Conv", {x, at::zeros({2, 0, 3, 3})}); });
  input_error([&] { apply("Conv", {x, at::zeros({0, 2, 3, 3})}); });
}

}  // namespace
}  // namespace ncprune
