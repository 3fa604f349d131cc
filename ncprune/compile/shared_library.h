#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ncprune/compile/compile.h"

namespace ncprune {

// Compiled networks through the system's C compiler: the command in $CC, or else `cc`.

// Empty when the compiler can be started; otherwise one line on what was tried.
std::string compiler_problem();

// The command that is called, with its arguments, and the first line that it prints for --version;
// empty when it cannot be started.
struct CCompiler {
  std::string command;
  std::string version;
};
CCompiler c_compiler();

// The bytes of a shared library, with `flags` after those that every build has (C11, warnings off,
// contracted multiply-adds). Throws InputError, with the compiler's first error, when the compiler
// is missing or fails.
std::string build_library(const std::string& source, const std::vector<std::string>& flags);

// Flags for the processor of this machine: as fast as possible, or quick to compile.
std::vector<std::string> fast_flags();
std::vector<std::string> quick_flags();

// A compiled network that is loaded into this process.
class CompiledNetwork {
 public:
  // `library`: from build_library() of compile(network, options); `options` as given there.
  // Throws InputError when the library cannot be loaded.
  CompiledNetwork(const std::string& library, const CompileOptions& options, int64_t classes);
  // Compiles and builds; the whole way.
  CompiledNetwork(const Network& network, const CompileOptions& options,
                  const std::vector<std::string>& flags = fast_flags());
  ~CompiledNetwork();
  CompiledNetwork(CompiledNetwork&&) noexcept;
  CompiledNetwork& operator=(CompiledNetwork&&) noexcept;

  // Class scores [N, K] of inputs [N, ...], float, in main memory; any N. Safe to call from several
  // threads at a time.
  at::Tensor run(const at::Tensor& inputs) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The largest difference between the scores of `compiled` and of the interpreter for `inputs`
// [N, ...], relative to the largest score of the sample where that is beyond 1. Not a number where
// one of them is none.
double largest_difference(const Network& network, const CompiledNetwork& compiled,
                          const at::Tensor& inputs);

}  // namespace ncprune
