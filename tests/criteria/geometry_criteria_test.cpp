// Criteria made of moments of inputs and units, against what they say computed anew.
#include <ATen/ops/eye.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <bit>
#include <limits>
#include <set>

#include "tests/criteria/scored.h"

namespace ncprune {
namespace {

// Units [m] of four classes, one of them without samples, whose means and scatter are known.
LayerStatistics drawn_geometry(int64_t m, uint64_t seed) {
  LayerStatistics statistics;
  statistics.class_counts = {9, 2, 0, 4};
  statistics.unit_means = normal({4, m}, seed);
  statistics.unit_means[2].zero_();
  const at::Tensor root = normal({m, 2 * m}, seed + 1);
  statistics.unit_scatter = at::matmul(root, root.t()) / (2 * m);
  statistics.unit_variance = statistics.unit_scatter.diagonal().contiguous();
  return statistics;
}

constexpr std::array<int64_t, 3> kPresent{0, 1, 3};

std::vector<double> row(const Matrix& matrix, int64_t i) {
  std::vector<double> values;
  for (int64_t j = 0; j < matrix.columns(); ++j) values.push_back(matrix(i, j));
  return values;
}

// The means of the classes with samples around their own mean, [3, m].
Matrix offsets(const LayerStatistics& statistics) {
  const Matrix means(statistics.unit_means);
  Matrix result(3, means.columns());
  for (int64_t j = 0; j < means.columns(); ++j) {
    double centre = 0;
    for (const int64_t c : kPresent) centre += means(c, j) / 3;
    for (int64_t p = 0; p < 3; ++p)
      result(p, j) = means(kPresent[static_cast<size_t>(p)], j) - centre;
  }
  return result;
}

at::Tensor no_weights(int64_t m) {
  return at::zeros({m, 2}, at::kDouble);
}

TEST(FisherRatio, IsTheScatterBetweenOverTheScatterWithin) {
  LayerStatistics statistics;
  statistics.class_counts = {5, 0, 1};
  // Around their mean the two classes stand at -1 and 1; -2 and 2; 0 and 0.
  statistics.unit_means = doubles({1, 0, 5, 9, 9, 9, 3, 4, 5}, {3, 3});
  statistics.unit_variance = doubles({2, 8, 3}, {3});
  expect_near(unit_scores("fisher-ratio", no_weights(3), statistics),
              Matrix(doubles({1 / 2.0, 4 / 8.0, 0}, {3})), 1e-9);
}

TEST(TraceRatio, ItsBestUnitsHaveTheLargestRatioOfAllSubsets) {
  constexpr int64_t kUnits = 8;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const LayerStatistics statistics = drawn_geometry(kUnits, seed);
    const Matrix means = offsets(statistics);
    const Matrix within(statistics.unit_scatter);
    const auto ratio = [&](unsigned units) {
      double between_sum = 0;
      double within_sum = 0;
      for (int64_t j = 0; j < kUnits; ++j) {
        if ((units >> j & 1U) == 0) continue;
        for (int64_t c = 0; c < 3; ++c) between_sum += means(c, j) * means(c, j) / 3;
        within_sum += within(j, j);
      }
      return between_sum / within_sum;
    };
    for (const int keep : {1, 3, 6}) {
      const std::string spec = "trace-ratio?keep=" + std::to_string(keep / 8.0);
      const at::Tensor scores = unit_scores(spec, no_weights(kUnits), statistics);
      const at::Tensor order = scores.argsort(0, /*descending=*/true);
      unsigned found = 0;
      for (int k = 0; k < keep; ++k) found |= 1U << order[k].item<int64_t>();
      double best = 0;
      for (unsigned units = 0; units < 1U << kUnits; ++units) {
        if (std::popcount(units) == keep) best = std::max(best, ratio(units));
      }
      EXPECT_NEAR(ratio(found), best, 1e-9 * best) << "seed " << seed << ", keeps " << keep;
    }
  }
}

TEST(ScatterDrop, IsWhatTheTraceLosesWithoutTheUnit) {
  constexpr int64_t kUnits = 6;
  const LayerStatistics statistics = drawn_geometry(kUnits, 1);
  const Matrix within(damped(statistics.unit_scatter, 0.01));
  const Matrix means = offsets(statistics);
  // tr(S_W^-1 S_B) = mean over classes of the means' squared lengths in S_W^-1.
  const auto trace = [&](const std::vector<int64_t>& units) {
    double sum = 0;
    for (int64_t c = 0; c < 3; ++c) sum += inverse_form(within, row(means, c), units) / 3;
    return sum;
  };
  at::Tensor wanted = at::zeros({kUnits}, at::kDouble);
  for (int64_t j = 0; j < kUnits; ++j) {
    wanted[j] = trace(all_but(kUnits, {})) - trace(all_but(kUnits, {j}));
  }
  expect_scores(unit_scores("scatter-drop", no_weights(kUnits), statistics), wanted, 1e-9);
}

TEST(PairDrop, IsTheOrderInWhichEachUnitTakesLeastFromTheDistancesOfThePairs) {
  constexpr int64_t kUnits = 7;
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const LayerStatistics statistics = drawn_geometry(kUnits, seed);
    const Matrix within(damped(statistics.unit_scatter, 0.01));
    const Matrix means = offsets(statistics);
    std::vector<std::vector<double>> pairs;
    for (int64_t a = 0; a < 3; ++a) {
      for (int64_t b = a + 1; b < 3; ++b) {
        pairs.emplace_back();
        for (int64_t j = 0; j < kUnits; ++j) pairs.back().push_back(means(a, j) - means(b, j));
      }
    }
    at::Tensor wanted = at::zeros({kUnits}, at::kDouble);
    std::set<int64_t> gone;
    for (int64_t step = 1; step <= kUnits; ++step) {
      double least = std::numeric_limits<double>::infinity();
      int64_t best = -1;
      for (const int64_t j : all_but(kUnits, gone)) {
        std::set<int64_t> without = gone;
        without.insert(j);
        double loss = 0;
        for (const std::vector<double>& pair : pairs) {
          const double distance = inverse_form(within, pair, all_but(kUnits, gone));
          const double left = inverse_form(within, pair, all_but(kUnits, without));
          loss += (distance - left) / (distance * distance);
        }
        if (loss < least) {
          least = loss;
          best = j;
        }
      }
      gone.insert(best);
      wanted[best] = static_cast<double>(step);
    }
    expect_near(unit_scores("pair-drop", no_weights(kUnits), statistics), Matrix(wanted), 0);
  }
}

// What (v - w) H (v - w)^T is when v_j = 0 and the other weights of the row are solved for anew.
double solved_anew(const Matrix& metric, const std::vector<double>& weight, int64_t j) {
  const auto d = static_cast<int64_t>(weight.size());
  // With u = w - v, u_j = w_j: the others minimise u H u^T, H_oo u_o = -H_oj w_j.
  Matrix others(d - 1, d - 1);
  std::vector<double> right;
  const std::vector<int64_t> units = all_but(d, {j});
  for (int64_t p = 0; p + 1 < d; ++p) {
    const int64_t from = units[static_cast<size_t>(p)];
    right.push_back(-metric(from, j) * weight[static_cast<size_t>(j)]);
    for (int64_t q = 0; q + 1 < d; ++q) others(p, q) = metric(from, units[static_cast<size_t>(q)]);
  }
  const std::vector<double> solved = solve(others, right);
  std::vector<double> u(weight.size());
  u[static_cast<size_t>(j)] = weight[static_cast<size_t>(j)];
  for (size_t p = 0; p < units.size(); ++p) u[static_cast<size_t>(units[p])] = solved[p];
  double sum = 0;
  for (int64_t p = 0; p < d; ++p) {
    for (int64_t q = 0; q < d; ++q) {
      sum += u[static_cast<size_t>(p)] * metric(p, q) * u[static_cast<size_t>(q)];
    }
  }
  return sum;
}

at::Tensor errors_solved_anew(const at::Tensor& metric, const at::Tensor& weight) {
  const Matrix damped_metric(damped(metric, 0.01));
  const Matrix rows(weight);
  at::Tensor errors = at::zeros(weight.sizes(), at::kDouble);
  for (int64_t i = 0; i < weight.size(0); ++i) {
    for (int64_t j = 0; j < weight.size(1); ++j) {
      errors[i][j] = solved_anew(damped_metric, row(rows, i), j);
    }
  }
  return errors;
}

TEST(Obs, IsHalfTheErrorThatStaysWhenTheOthersAreSolvedForAnew) {
  LayerStatistics statistics;
  statistics.second_moment = drawn_geometry(6, 3).unit_scatter;
  const at::Tensor weight = normal({4, 6}, 5);
  expect_scores(score("obs", weight, statistics),
                errors_solved_anew(statistics.second_moment, weight) / 2, 1e-9);
}

TEST(NcObs, IsThatErrorInTheMetricTimesTheUnitsOutputWeight) {
  LayerStatistics statistics;
  statistics.moments.metric = drawn_geometry(6, 4).unit_scatter;
  statistics.output_weight = doubles({1, 0, 3, 0.5}, {4});
  const at::Tensor weight = normal({4, 6}, 6);
  expect_scores(
      score("nc-obs", weight, statistics),
      errors_solved_anew(statistics.moments.metric, weight) * statistics.output_weight.unsqueeze(1),
      1e-9);
}

TEST(NcGradient, IsTheGradientOfTheScatterWithinClassesOfALinearLayer) {
  const Dataset data = gaussian_data({6, 3, 1}, 4);
  Network network = network_for(data, "mlp:3");
  // Without its activation, whose slope the criterion leaves out.
  network.nodes.erase(network.nodes.begin() + producer(network, "act1.out"));
  network.nodes.back().inputs.front() = "fc1.out";
  const Layer layer = prunable_layers(network).front();
  const at::Tensor inputs = data.inputs.to(at::kDouble);
  const auto scatter = [&](const at::Tensor& weight) {
    const at::Tensor z = at::matmul(inputs, weight.t());
    double sum = 0;
    for (int64_t c = 0; c < 3; ++c) {
      const at::Tensor own = z.index_select(0, class_indices(data, c));
      sum += (own - own.mean(0)).square().sum().item<double>();
    }
    return sum;
  };
  const at::Tensor weight = weight_of(network, layer).to(at::kDouble);
  at::Tensor wanted = at::zeros({3, 4}, at::kDouble);
  constexpr double kStep = 1e-3;  // the scatter is quadratic: any step gives the derivative
  for (int64_t i = 0; i < 3; ++i) {
    for (int64_t j = 0; j < 4; ++j) {
      at::Tensor step = at::zeros({3, 4}, at::kDouble);
      step[i][j] = kStep;
      wanted[i][j] = (scatter(weight + step) - scatter(weight - step)) / (2 * kStep);
    }
  }
  expect_scores(measured_scores("nc-gradient", network, data).front(), wanted.abs(), 1e-5);
}

}  // namespace
}  // namespace ncprune
