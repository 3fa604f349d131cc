#pragma once

#include <gtest/gtest.h>

#include <string>

#include "ncprune/base/error.h"

namespace ncprune {

// The message of the InputError that `action` throws. Fails the test unless it throws one, on one
// line.
template <typename Action>
std::string input_error(Action action) {
  try {
    action();
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
  }
  ADD_FAILURE() << "no InputError";
  return "";
}

}  // namespace ncprune
