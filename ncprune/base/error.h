#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace ncprune {

// The user's mistake: a wrong file, name or value. what() is one line that says what was given,
// what was expected and where. The program prints it and ends with exit code 1; nothing has been
// written. A programmer's mistake is an assertion or any other exception (exit code 3).
class InputError : public std::runtime_error {
 public:
  // Control characters, which names from files can hold, become '?'.
  explicit InputError(std::string line) : std::runtime_error(in_one_line(std::move(line))) {}

 private:
  static std::string in_one_line(std::string line) {
    for (char& c : line) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    return line;
  }
};

}  // namespace ncprune
