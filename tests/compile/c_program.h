#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/compile/shared_library.h"
#include "tests/data/folder.h"

namespace ncprune::testing {

// The scores [N, K] that a C program computes with the compiled network `network` for inputs
// [N, ...]: workspace, input and output of one sample are allocated with exactly their sizes.
// Undefined when the compiler or the program fails; what they printed is then in `report`.
struct ProgramScores {
  at::Tensor scores;
  std::string report;
};

inline ProgramScores run_as_program(const std::string& source, const std::string& command,
                                    const at::Tensor& inputs, int64_t classes) {
  const Folder folder;
  const int64_t size = inputs.numel() / inputs.size(0);
  std::ofstream(folder.path() + "/network.c") << source;
  std::ofstream(folder.path() + "/main.c") << R"(
#include <stdio.h>
#include <stdlib.h>
size_t network_workspace(void);
void network_run(const float* input, float* output, void* workspace);
int main(int argc, char** argv) {
  const size_t size = (size_t)atol(argv[1]), classes = (size_t)atol(argv[2]);
  float* input = malloc(size * sizeof(float));
  (void)argc;
  while (fread(input, sizeof(float), size, stdin) == size) {
    float* output = malloc(classes * sizeof(float));
    void* workspace = malloc(network_workspace());
    network_run(input, output, workspace);
    fwrite(output, sizeof(float), classes, stdout);
    free(workspace);
    free(output);
  }
  free(input);
  return 0;
}
)";
  const at::Tensor all = inputs.contiguous();
  std::ofstream(folder.path() + "/input", std::ios::binary)
      .write(static_cast<const char*>(all.data_ptr()), all.numel() * 4);
  const std::string shell = "cd '" + folder.path() + "' && { " + command +
                            " -o program network.c main.c -lm && ./program " +
                            std::to_string(size) + " " + std::to_string(classes) +
                            " <input >output; } 2>report";
  const int status = std::system(shell.c_str());
  const auto content_of = [&](const std::string& name) {
    std::ifstream stream(folder.path() + "/" + name, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  };
  const std::string report = content_of("report");
  const std::string output = content_of("output");
  at::Tensor scores = at::zeros({inputs.size(0), classes});
  if (status != 0 || output.size() != static_cast<size_t>(scores.numel()) * 4) {
    return {{}, report.empty() ? "no message" : report};
  }
  std::copy(output.begin(), output.end(), static_cast<char*>(scores.data_ptr()));
  return {scores, report};
}

}  // namespace ncprune::testing

namespace ncprune {

// N(0, 1) in the shape of the input.
inline at::Tensor inputs_for(const Network& network, int64_t samples, uint64_t seed = 9) {
  Random random(seed);
  std::vector<int64_t> shape = network.input.shape;
  shape.front() = samples;
  return at::zeros(shape).normal_(0, 1, random.generator());
}

// The compiled network and the interpreter agree on random inputs.
inline void expect_agreement(const Network& network, const CompileOptions& options, double limit) {
  const CompiledNetwork compiled(network, options, {"-O0", "-march=native"});
  EXPECT_LT(largest_difference(network, compiled, inputs_for(network, 3)), limit);
}

}  // namespace ncprune
