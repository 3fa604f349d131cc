#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/data/folder.h"

namespace ncprune::testing {

struct Outcome {
  int code;
  std::string output;  // standard output
  std::string error;   // standard error
};

inline std::string content(const Folder& folder, const std::string& file) {
  std::ifstream stream(folder.path() + "/" + file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// Runs the program with `arguments`, as a shell splits them, in `folder`.
inline Outcome run_program(const Folder& folder, const std::string& arguments) {
  const std::string command = "cd '" + folder.path() + "' && '" NCPRUNE_PROGRAM "' " + arguments +
                              " >stdout.txt 2>stderr.txt";
  const int status = std::system(command.c_str());
  return {WEXITSTATUS(status), content(folder, "stdout.txt"), content(folder, "stderr.txt")};
}

}  // namespace ncprune::testing
