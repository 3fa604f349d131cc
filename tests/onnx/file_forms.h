#pragma once

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"
#include "tests/onnx/refusal.h"

// One classifier in the many forms that exporters give it: read to the same scores, written in its
// own form again.
namespace ncprune {

using Proto = onnx::TensorProto;

inline at::Tensor samples() {
  return at::arange(12, at::kFloat).reshape({3, 4}) / 8 - 0.5;
}

inline Network read(const ModelBuilder& model) {
  return parse_onnx(model.bytes(), "test");
}

inline onnx::ModelProto written(const Network& network) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromString(onnx_bytes(network)));
  return model;
}

inline at::Tensor small_scores() {
  return logits(read(small_model()), samples());
}

// The same scores, before and after writing.
inline void expect_scores(const ModelBuilder& model, const at::Tensor& expected,
                          double tolerance = 0) {
  const Network network = read(model);
  const Network again = parse_onnx(onnx_bytes(network), "again");
  EXPECT_TRUE(at::allclose(logits(network, samples()), expected, tolerance, tolerance));
  EXPECT_TRUE(at::equal(logits(again, samples()), logits(network, samples())));
  EXPECT_EQ(again.nodes.size(), network.nodes.size());
}

inline void set_type(onnx::ValueInfoProto& value, int32_t type) {
  value.mutable_type()->mutable_tensor_type()->set_elem_type(type);
}

}  // namespace ncprune
