// Every criterion, solver and repair with every pattern: it works, or is refused before any work
// and with the reason.
#include <ATen/ops/equal.h>
#include <ATen/ops/isfinite.h>
#include <gtest/gtest.h>

#include "ncprune/criteria/criterion.h"
#include "ncprune/prune/pattern.h"
#include "ncprune/prune/prune.h"
#include "ncprune/prune/solver.h"
#include "tests/data/input_error.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// Scores 1 where a weight stays and 0 where it went: the pattern would choose just these.
void expect_in_pattern(const Network& network, const std::string& name) {
  const Pattern pattern = find_pattern(name);
  for (const Layer& layer : prunable_layers(network)) {
    const at::Tensor mask = weight_of(network, layer).ne(0);
    EXPECT_TRUE(pattern.mask(mask.to(at::kDouble), mask.sum().item<int64_t>()).equal(mask))
        << layer.name;
  }
}

class EveryPattern : public testing::TestWithParam<std::string> {
 protected:
  void expect_works(const Method& method) const {
    const Recipe recipe{.method = method, .share = 0.5};
    const Pruned pruned = prune(dense_, data_, recipe);
    EXPECT_TRUE(at::isfinite(logits(pruned.network, data_.inputs)).all().item<bool>());
    EXPECT_NEAR(pruned.removed, 0.5, 0.1);
    expect_in_pattern(pruned.network, GetParam());
  }

  Dataset data_ = gaussian_data({30, 10, 2}, 8);
  Network dense_ = network_for(data_, "mlp:16,8?batchnorm=true");
};

TEST_P(EveryPattern, GoesWithEveryCriterionThatCanRankIt) {
  for (const Criterion& criterion : criteria()) {
    SCOPED_TRACE(criterion.name);
    Method method;
    method.criterion = criterion.name;
    method.pattern = GetParam();
    if (criterion.whole_neurons && GetParam() != "neuron") {
      EXPECT_EQ(
          input_error([&] { require_valid({.method = method, .share = 0.5}); }),
          "criterion '" + criterion.name + "' scores whole neurons: it needs the pattern neuron");
    } else {
      expect_works(method);
    }
  }
}

TEST_P(EveryPattern, GoesWithEverySolverThatHasARuleForItAndEveryRepair) {
  for (const Solver& solver : solvers()) {
    for (const std::string repair : {"none", "own", "least-squares"}) {
      for (const std::string metric : {"plain", "neural-collapse"}) {
        SCOPED_TRACE(solver.name + ", repair " + repair + ", metric " + metric);
        Method method;
        method.criterion = "magnitude";
        method.pattern = GetParam();
        method.solver = solver.name;
        method.repair = repair;
        method.search_metric = metric;
        if (find_pattern(GetParam()).whole && !solver.one_by_one.empty()) {
          const std::string refusal =
              input_error([&] { require_valid({.method = method, .share = 0.5}); });
          EXPECT_NE(refusal.find(solver.one_by_one), std::string::npos) << refusal;
        } else {
          expect_works(method);
        }
      }
    }
  }
}

TEST_P(EveryPattern, GoesWithEveryCriterionScoredInRounds) {
  for (const Criterion& criterion : criteria()) {
    SCOPED_TRACE(criterion.name);
    if (criterion.whole_neurons && GetParam() != "neuron") continue;
    Method method;
    method.criterion = criterion.name;
    method.pattern = GetParam();
    method.rounds = 3;
    expect_works(method);
  }
}

std::vector<std::string> names() {
  std::vector<std::string> all{"1:2", "block:1x8"};
  for (const Pattern& pattern : patterns()) all.push_back(pattern.name);
  return all;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), ':', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Patterns, EveryPattern, testing::ValuesIn(names()), test_name);

}  // namespace
}  // namespace ncprune
