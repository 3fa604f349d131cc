#pragma once

#include <gtest/gtest.h>

#include "ncprune/onnx/onnx.h"
#include "tests/data/input_error.h"
#include "tests/onnx/model_builder.h"

namespace ncprune {

// The message with which parse_onnx refuses `bytes`; it must refuse them.
inline std::string refusal(const std::string& bytes, const std::string& folder = "") {
  const std::string message = input_error([&] { parse_onnx(bytes, "bad.onnx", folder); });
  EXPECT_EQ(message.rfind("bad.onnx: ", 0), 0U) << message;
  return message;
}

inline void expect_parts(const std::string& message, const Names& parts) {
  for (const std::string& part : parts) {
    EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
  }
}

inline void expect_refused(const ModelBuilder& model, const Names& parts) {
  expect_parts(refusal(model.bytes()), parts);
}

}  // namespace ncprune
