// Sparse tensors in files: written, read to the bit, run by ONNX Runtime, and hostile ones refused.
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <functional>

#include "ncprune/onnx/onnx.h"
#include "ncprune/runtime/onnx_runtime.h"
#include "tests/onnx/refusal.h"
// After refusal.h, which says how ONNX's own headers are to be read.
#include "ncprune/onnx/tensors.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

constexpr int64_t kManyElements = int64_t{1} << 29;

onnx::ModelProto model_of(const std::string& bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(bytes));
  return model;
}

// A network whose weights are mostly zero.
Network pruned_network(const std::string& spec, double above = 1.5) {
  Network network = build_network(spec, {3, 8, 8}, 4, Random(2));
  for (auto& [name, tensor] : network.initializers) {
    if (tensor.dim() >= 2)
      tensor =
          at::where(normal(tensor.sizes(), name.size()).gt(above), tensor, at::zeros_like(tensor));
  }
  return network;
}

void expect_bits(const at::Tensor& tensor, const at::Tensor& other, const std::string& name) {
  ASSERT_EQ(tensor.sizes(), other.sizes()) << name;
  ASSERT_EQ(tensor.scalar_type(), other.scalar_type()) << name;
  EXPECT_TRUE(tensor.contiguous().flatten().view(at::kByte).equal(
      other.contiguous().flatten().view(at::kByte)))
      << name;
}

TEST(SparseStorage, GivesTheSameNetworkToTheBitInFewerBytes) {
  for (const std::string spec : {"mlp:40,20", "cnn:24,8", "resnet:20", "mobilenet:2"}) {
    SCOPED_TRACE(spec);
    Network network = pruned_network(spec);
    const std::string dense = onnx_bytes(network);
    network.sparse = true;
    const std::string sparse = onnx_bytes(network);
    EXPECT_LT(sparse.size(), dense.size() * 2 / 3);
    EXPECT_GT(model_of(sparse).graph().sparse_initializer_size(), 1);
    EXPECT_EQ(model_of(dense).graph().sparse_initializer_size(), 0);
    const Network again = parse_onnx(sparse, "again");
    ASSERT_EQ(again.initializers.size(), network.initializers.size());
    for (const auto& [name, tensor] : network.initializers) {
      expect_bits(again.initializers.at(name), tensor, name);
    }
    // The choice stays with the network.
    EXPECT_TRUE(again.sparse);
    EXPECT_EQ(onnx_bytes(again), sparse);
    EXPECT_FALSE(parse_onnx(dense, "dense").sparse);
  }
}

TEST(SparseStorage, OfATensorOfAnyTypeAndFillGivesItsBitsBack) {
  at::Tensor some = at::zeros({3, 5, 2});
  some[1][2][1] = 1e-40;  // denormal
  some[2][4][1] = -7;
  for (const at::Tensor& tensor :
       {some, at::zeros({4, 4}), at::full({2, 3}, 2.5), some.to(at::kHalf), some.to(at::kBFloat16),
        some.to(at::kDouble), some.to(at::kChar), some.to(at::kLong), some.ne(0), some.flatten()}) {
    const onnx::SparseTensorProto proto = sparse_to(tensor, "w");
    expect_bits(dense_from(proto, "'w'", "", 1000), tensor, toString(tensor.scalar_type()));
  }
  // A -0, as masks leave them behind, is a zero.
  EXPECT_EQ(sparse_to(-some, "w").values().dims(0), 2);
}

TEST(SparseStorage, OnlyWeightsThatBecomeSmallerAreSparse) {
  Network network = pruned_network("mlp:40,20", -9);  // none is zero
  network.sparse = true;
  EXPECT_EQ(model_of(onnx_bytes(network)).graph().sparse_initializer_size(), 0);
  EXPECT_FALSE(parse_onnx(onnx_bytes(network), "again").sparse);
  at::Tensor& weight = network.initializers.at("fc1.weight");
  weight = at::zeros(weight.sizes());
  const onnx::ModelProto model = model_of(onnx_bytes(network));
  ASSERT_EQ(model.graph().sparse_initializer_size(), 1);
  EXPECT_EQ(model.graph().sparse_initializer(0).values().name(), "fc1.weight");
}

TEST(SparseStorage, OnnxRuntimeRunsTheFileLikeTheDenseOne) {
  if (!onnx_runtime_problem().empty()) GTEST_SKIP() << onnx_runtime_problem();
  for (const std::string spec :
       {"mlp:40,20", "cnn:4,8", "resnet:20", "mobilenet:2", "vit:4,12,2,3"}) {
    for (const auto type : {at::kFloat, at::kHalf}) {
      SCOPED_TRACE(testing::Message() << spec << ", " << toString(type));
      Network network = pruned_network(spec);
      at::Tensor& first = network.initializers.at(linear_layers(network).front().weight);
      first = at::zeros(first.sizes());  // no value at all
      if (type == at::kHalf) {
        for (const Layer& layer : linear_layers(network)) {
          network.storage[layer.weight] = {.type = type};
        }
      }
      network.sparse = false;
      const std::string dense = scores_onnx_bytes(network);
      network.sparse = true;
      const std::string sparse = scores_onnx_bytes(network);
      EXPECT_LT(sparse.size(), dense.size());
      const at::Tensor inputs = normal({5, 3, 8, 8}, 4).to(at::kFloat);
      EXPECT_TRUE(OnnxRuntimeSession(sparse, 1).run({inputs}).front().equal(
          OnnxRuntimeSession(dense, 1).run({inputs}).front()));
    }
  }
}

// small_model() with its weight [4, 3] as a sparse tensor of the values 1/2, 5/8, ... at `places`.
ModelBuilder sparse_model(const std::vector<int64_t>& places) {
  ModelBuilder model = small_model();
  model.graph().mutable_initializer()->DeleteSubrange(0, 1);
  onnx::SparseTensorProto& sparse = *model.graph().add_sparse_initializer();
  sparse.add_dims(4);
  sparse.add_dims(3);
  const auto count = static_cast<int64_t>(places.size());
  ModelBuilder::fill(*sparse.mutable_values(), "w", {count}, 0.5F);
  sparse.mutable_indices()->set_data_type(onnx::TensorProto::INT64);
  sparse.mutable_indices()->add_dims(count);
  for (const int64_t place : places) sparse.mutable_indices()->add_int64_data(place);
  return model;
}

TEST(SparseStorage, HostileTensorsAreRefusedInOneLine) {
  parse_onnx(sparse_model({0, 11}).bytes(), "good");
  parse_onnx(sparse_model({}).bytes(), "empty");
  expect_refused(sparse_model({0, 12}), {"'w'", "index 12 beyond", "[4, 3]"});
  expect_refused(sparse_model({-1, 2}), {"'w'", "index -1 beyond"});
  expect_refused(sparse_model({3, 3}), {"'w'", "do not ascend"});
  expect_refused(sparse_model({7, 3}), {"'w'", "do not ascend"});
  using Change = std::function<void(onnx::SparseTensorProto&)>;
  const auto refused = [](const Change& change, const Names& parts) {
    ModelBuilder model = sparse_model({1, 5});
    change(*model.graph().mutable_sparse_initializer(0));
    expect_refused(model, parts);
  };
  refused([](auto& s) { s.set_dims(1, -3); }, {"'w'", "dimensions [4, -3]"});
  refused([](auto& s) { s.set_dims(1, 0); }, {"'w'", "dimensions [4, 0]"});
  refused([](auto& s) { s.set_dims(0, int64_t{1} << 62); }, {"'w'", "dimensions"});
  refused([](auto& s) { s.set_dims(0, kManyElements); }, {"'w'", "dimensions"});
  refused([](auto& s) { s.mutable_values()->set_dims(0, 3); }, {"'w'", "elements"});
  refused([](auto& s) { s.mutable_values()->add_dims(1); }, {"'w'", "2 values"});
  refused([](auto& s) { s.mutable_indices()->add_int64_data(9); }, {"'w'", "indices", "3"});
  refused([](auto& s) { s.mutable_indices()->set_data_type(onnx::TensorProto::INT32); }, {"'w'"});
  refused([](auto& s) { s.mutable_indices()->add_dims(3); }, {"'w'", "indices"});
}

TEST(SparseStorage, AFewBytesMustNotAskForAllTheMemory) {
  ModelBuilder model = sparse_model({1});
  model.graph().mutable_sparse_initializer()->RemoveLast();
  std::string value = "x";
  for (int i = 0; i < 4; ++i) {
    onnx::SparseTensorProto& sparse = *model.graph().add_sparse_initializer();
    sparse.add_dims(kManyElements / 64);
    const std::string name = "w" + std::to_string(i);
    ModelBuilder::fill(*sparse.mutable_values(), name, {0}, 0);
    sparse.mutable_indices()->set_data_type(onnx::TensorProto::INT64);
    sparse.mutable_indices()->add_dims(0);
    model.node("Add", {value, name}, {value + "+"});
    value += "+";
  }
  model.graph().mutable_node(0)->set_input(1, value);
  std::rotate(model.graph().mutable_node()->begin(), model.graph().mutable_node()->begin() + 1,
              model.graph().mutable_node()->end());
  expect_refused(model, {"'w2'", "sparse", "dimensions"});
}

}  // namespace
}  // namespace ncprune
