// One recipe gives one network, whoever carries it out: the program, the library, a plan, a study.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "ncprune/experiment/prepare.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/prune/prune.h"
#include "tests/cli/program.h"
#include "tests/study/small_study.h"

namespace ncprune {
namespace {

void expect_same_weights(const Network& network, const Network& wanted, const std::string& who) {
  ASSERT_EQ(network.initializers.size(), wanted.initializers.size()) << who;
  for (const auto& [name, tensor] : wanted.initializers) {
    const auto found = network.initializers.find(name);
    ASSERT_NE(found, network.initializers.end()) << who << ": " << name;
    EXPECT_TRUE(found->second.equal(tensor)) << who << ": " << name;
  }
}

// The networks of a study's only problem: the dense one, and what the surgeon made of it.
struct Cells {
  Network dense;
  Network pruned;
};

Cells cells_of_surgeon(const std::string& architecture, const std::string& remove) {
  Study study = small_study();
  study.architecture = architecture;
  study.remove = remove;
  study.seeds = {3};
  study.methods = {"surgeon"};
  study.treatments = {"method/keep/method"};
  study.sparsities = {0.5};
  Cells cells;
  StudyRun how;
  how.visit = [&](const StudyRow& row, const Network& network) {
    (row.cell.is_dense() ? cells.dense : cells.pruned) = network;
  };
  run_study(study, how);
  return cells;
}

// The name of the processor whose kernels OpenBLAS uses in this process.
std::string blas_kernels() {
  const auto name = reinterpret_cast<char* (*)()>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return name == nullptr ? "" : name();
}

class OneSurgeon : public ::testing::TestWithParam<const char*> {
 protected:
  // Other kernels of OpenBLAS than the library's here would round sums differently.
  OneSurgeon() { setenv("OPENBLAS_CORETYPE", blas_kernels().c_str(), /*replace=*/1); }
  ~OneSurgeon() override { unsetenv("OPENBLAS_CORETYPE"); }

  // The network that a command writes to out.onnx.
  Network made_by(const std::string& arguments) {
    const testing::Outcome outcome = testing::run_program(folder_, arguments + data_ + " --force");
    EXPECT_EQ(outcome.code, 0) << arguments << ": " << outcome.error;
    return read_onnx(folder_.path() + "/out.onnx");
  }

  // Removes half of `remove` in every way there is.
  void expect_one_network(const std::string& remove, const std::string& half) {
    const Cells cells = cells_of_surgeon(GetParam(), remove);
    write_onnx(folder_.path() + "/dense.onnx", cells.dense);
    const Network by_program = made_by("prune dense.onnx -o out.onnx " + half);
    expect_same_weights(by_program, cells.pruned, "the program");
    testing::run_program(folder_, "plan dense.onnx -o plan.json --force " + half + data_);
    expect_same_weights(made_by("apply plan.json dense.onnx -o out.onnx"), cells.pruned, "a plan");
    for (const std::string file : {"plan.json", "out.onnx"}) {
      expect_same_weights(made_by("prune dense.onnx -o out.onnx --recipe " + file), cells.pruned,
                          "the recipe in " + file);
    }
    const Recipe recipe{
        .method = find_method("surgeon"), .remove = remove, .share = 0.5, .seed = 3};
    expect_same_weights(prune(cells.dense, prepared_.train, recipe).network, cells.pruned,
                        "the library");
    // All of them say the same recipe.
    const std::string written = recipe_json(resolved(recipe, cells.dense, prepared_.train)).dump();
    EXPECT_EQ(by_program.metadata.other.at(kRecipeEntry), written);
    EXPECT_EQ(cells.pruned.metadata.other.at(kRecipeEntry), written);
  }

  Folder folder_;
  std::string data_ = " --data 'synthetic:3,6,40?spread=2' --imbalance classes:2@0.1 --seed 3";
  PreparedData prepared_ =
      prepare_data({"synthetic:3,6,40?spread=2", "", "classes:2@0.1", small_study().validation, 3});
};

TEST_P(OneSurgeon, RemovesTheSameWeights) {
  expect_one_network("weights", "--sparsity 0.5");
}

TEST_P(OneSurgeon, RemovesTheSameUnits) {
  expect_one_network("units", "--structured 0.5");
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutBatchNormalization, OneSurgeon,
                         ::testing::Values("mlp:8,6", "mlp:8,6?batchnorm=true"));

}  // namespace
}  // namespace ncprune
