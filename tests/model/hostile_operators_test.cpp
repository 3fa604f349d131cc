// Numbers that cannot be meant end in one line that names the node: no crash, no memory, no time.
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/data/input_error.h"
#include "tests/model/one_node.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

using Shape = std::vector<int64_t>;

constexpr int64_t kHuge = int64_t{1} << 40;
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

at::Tensor numbers(const Shape& values) {
  return at::tensor(values, at::TensorOptions(at::kLong));
}

void expect_refused(const std::string& type, const std::vector<at::Tensor>& inputs,
                    const Attributes& attributes = {}) {
  SCOPED_TRACE(type);
  const std::string message = input_error([&] { apply(type, inputs, attributes); });
  EXPECT_EQ(message.find("node 'n' (" + type + ")"), 0U) << message;
}

TEST(HostileOperators, ShapesThatWouldFillTheMemory) {
  const at::Tensor x = at::zeros({2, 3});
  for (const Shape& shape :
       {Shape{kHuge}, Shape{1 << 20, 1 << 20}, Shape{-1}, Shape{kMost, kMost}}) {
    expect_refused("ConstantOfShape", {numbers(shape)});
  }
  for (const Shape& shape : {Shape{kHuge, 2, 3}, Shape{1 << 30, 2, 3}, Shape{-1, 3}, Shape{7, 5}}) {
    expect_refused("Expand", {x, numbers(shape)});
  }
  for (const Shape& repeats :
       {Shape{kHuge, 1}, Shape{1 << 20, 1 << 20}, Shape{-1, 1}, Shape{2}, Shape{kMost, kMost}}) {
    expect_refused("Tile", {x, numbers(repeats)});
  }
  for (const char* mode : {"constant", "edge", "reflect", "wrap"}) {
    for (const Shape& pads :
         {Shape{0, kHuge, 0, 0}, Shape{1 << 14, 1 << 14, 0, 0}, Shape{1, 1}, Shape{-3, 0, 0, 0},
          Shape{kLeast, 0, kLeast, 0}, Shape{kMost, 0, 0, 0}}) {
      expect_refused("Pad", {x, numbers(pads)}, {{"mode", std::string(mode)}});
    }
  }
  expect_refused("Pad", {at::zeros({0, 3}), numbers({1, 0, 0, 0})},
                 {{"mode", std::string("edge")}});
  expect_refused("Range", {numbers({0}), numbers({kHuge}), numbers({1})});
  expect_refused("Range", {numbers({0}), numbers({5}), numbers({0})});
  for (const Shape& sizes : {Shape{kHuge, 3}, Shape{1 << 19, 1 << 19}, Shape{-1, 3}, Shape{2}}) {
    expect_refused("Resize", {x, {}, {}, numbers(sizes)});
  }
  for (const double scale : {1e30, -1.0, std::nan("")}) {
    expect_refused("Resize", {x, {}, floats({1, scale}, {2})});
  }
  expect_refused("Einsum", {at::zeros({1 << 16}), at::zeros({1 << 16})},
                 {{"equation", std::string("a,b->ab")}});
  expect_refused("MatMul", {at::zeros({1 << 16, 1}), at::zeros({1, 1 << 16})});
  for (const char* type : {"Add", "Mul", "Less", "Max"}) {
    expect_refused(type, {at::zeros({1 << 16, 1}), at::zeros({1, 1 << 16})});
  }
}

TEST(HostileOperators, AxesAndIndicesThatAreNotThere) {
  const at::Tensor x = at::zeros({2, 3});
  for (const int64_t axis : {int64_t{2}, int64_t{-3}, kMost, kLeast}) {
    const Attributes attributes{{"axis", axis}};
    expect_refused("Concat", {x, x}, attributes);
    expect_refused("Split", {x}, attributes);
    expect_refused("Gather", {x, numbers({0})}, attributes);
    expect_refused("GatherElements", {x, numbers({0})}, attributes);
    expect_refused("Softmax", {x}, attributes);
    expect_refused("LayerNormalization", {x, at::zeros({3})}, attributes);
    expect_refused("Squeeze", {x, numbers({axis})});
    expect_refused("ReduceSum", {x, numbers({axis})});
    expect_refused("Slice", {x, numbers({0}), numbers({1}), numbers({axis})});
  }
  expect_refused("Unsqueeze", {x, numbers({3})});
  expect_refused("Unsqueeze", {x, numbers({0, 0})});
  expect_refused("Transpose", {x}, {{"perm", Shape{0, 0}}});
  expect_refused("Transpose", {x}, {{"perm", Shape{0, 5}}});
  for (const int64_t index : {int64_t{2}, int64_t{-3}, kMost, kLeast}) {
    expect_refused("Gather", {x, numbers({index})});
    expect_refused("ScatterND", {x, numbers({index}).view({1, 1}), at::zeros({1, 3})});
    expect_refused("GatherElements", {x, numbers({index}).view({1, 1})});
  }
  expect_refused("ScatterND", {x, numbers({0}).view({1, 1}), at::zeros({7})});
  expect_refused("ScatterND", {x, at::zeros({1, 0}, at::kLong), at::zeros({0})});
  expect_refused("Slice", {x, numbers({0}), numbers({1}), numbers({0}), numbers({0})});
  expect_refused("Slice", {x, numbers({0, 0}), numbers({1})});
  expect_refused("Split", {x, numbers({1, 2})});
  expect_refused("Split", {x, numbers({-1})});
  expect_refused("Einsum", {x}, {{"equation", std::string("abc->a")}});
  expect_refused("Einsum", {x, x}, {{"equation", std::string("ab->a")}});
  expect_refused("Einsum", {x}, {{"equation", std::string("...a...->a")}});
  expect_refused("Cast", {x}, {{"to", int64_t{8}}});
  expect_refused("DepthToSpace", {at::zeros({1, 4, 1, 1})}, {{"blocksize", int64_t{0}}});
  expect_refused("DepthToSpace", {at::zeros({1, 4, 1, 1})}, {{"blocksize", kMost}});
  expect_refused("SpaceToDepth", {at::zeros({1, 1, 3, 3})}, {{"blocksize", int64_t{2}}});
  expect_refused("LRN", {at::zeros({1, 2, 3, 3})}, {{"size", int64_t{0}}});
  expect_refused("LRN", {at::zeros({1, 2, 3, 3})}, {{"size", kHuge}});
  expect_refused("GroupNormalization", {at::zeros({1, 3, 2}), at::zeros({3}), at::zeros({3})},
                 {{"num_groups", int64_t{2}}});
  expect_refused("PRelu", {x, at::zeros({5})});
}

TEST(HostileOperators, SlicesBeyondEveryEndAreEmptyOrWhole) {
  const at::Tensor x = numbers({0, 1, 2, 3});
  const auto sliced = [&](int64_t start, int64_t end, int64_t step) {
    const at::Tensor found =
        apply("Slice", {x, numbers({start}), numbers({end}), numbers({0}), numbers({step})});
    const at::Tensor flat = found.contiguous();
    const auto view = elements<int64_t>(flat);
    return Shape{view.begin(), view.end()};
  };
  EXPECT_EQ(sliced(kLeast, kMost, 1), (Shape{0, 1, 2, 3}));
  EXPECT_EQ(sliced(kMost, kLeast, -1), (Shape{3, 2, 1, 0}));
  EXPECT_EQ(sliced(kMost, kLeast, kLeast), (Shape{3}));
  EXPECT_EQ(sliced(0, kMost, kMost), (Shape{0}));
  EXPECT_EQ(sliced(3, 1, 1), Shape{});
  EXPECT_EQ(sliced(-1, -4, -2), (Shape{3, 1}));
  EXPECT_EQ(sliced(1, 3, -1), Shape{});
}

TEST(HostileOperators, IntegersThatCannotBeDivided) {
  const at::Tensor least = numbers({kLeast, 7});
  const at::Tensor minus = numbers({-1, -1});
  EXPECT_TRUE(apply("Div", {least, minus}).equal(numbers({kLeast, -7})));
  EXPECT_TRUE(apply("Mod", {least, minus}).equal(numbers({0, 0})));
  EXPECT_TRUE(apply("Mod", {least, minus}, {{"fmod", int64_t{1}}}).equal(numbers({0, 0})));
  expect_refused("Div", {least, numbers({0, 1})});
  expect_refused("Mod", {least, numbers({0, 1})});
  const at::Tensor bytes = at::full({1}, 255, at::kByte);
  EXPECT_EQ(apply("Div", {bytes, bytes}).item<int64_t>(), 1);
}

}  // namespace
}  // namespace ncprune
