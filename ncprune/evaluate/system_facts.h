#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/base/machine.h"
#include "ncprune/compile/shared_library.h"

namespace ncprune {

// A program that ncprune can work with, and whether $PATH has it.
struct SystemTool {
  std::string name;
  std::string purpose;
  bool found;
};

// What a measurement on this machine and a report on a bug depend on. An empty text and a missing
// number stand for what was not found. Paths in the user's home folder begin with "~"; there are
// no names of users and hosts.
struct SystemFacts {
  std::string version;   // of ncprune
  std::string libtorch;  // version
  std::string compiler;  // that compiled ncprune
  std::string standard;  // of C++, such as "C++20"
  std::string system;    // distribution, kernel and architecture
  std::string processor;
  std::vector<std::string> instructions;  // instruction sets that speed up arithmetic
  std::string libtorch_instructions;      // the instruction set that LibTorch chose
  BlasLibrary blas;
  std::string blas_problem;  // see blas_problem()
  int threads;
  int available_cores;
  int cores;                            // of the machine
  std::optional<int64_t> memory;        // bytes, of the machine
  std::optional<int64_t> memory_limit;  // bytes that the process may use, where that is less
  int64_t data_memory;                  // bytes; see memory_limit()
  bool cuda;
  std::string onnx_runtime;                      // version
  std::string onnx_runtime_file;                 // that it was loaded from
  std::vector<std::string> onnx_runtime_places;  // that were tried for it
  CCompiler c_compiler;
  std::vector<SystemTool> tools;
  std::vector<std::string> environment;  // variables of environment_variables() that are set
};

// Never throws because something is missing. Loads ONNX Runtime and runs the C compiler for their
// versions. REQUIRES: configure_runtime() was called.
SystemFacts system_facts();

}  // namespace ncprune
