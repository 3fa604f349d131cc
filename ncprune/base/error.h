#pragma once

#include <stdexcept>
#include <string>

namespace ncprune {

// The user's mistake: a wrong file, name or value. what() is one line that says what was given,
// what was expected and where. The program prints it and ends with exit code 1; nothing has been
// written. A programmer's mistake is an assertion or any other exception (exit code 3).
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace ncprune
