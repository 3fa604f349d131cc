// The measurements against naive sums and against reference/collapse.py.
#include <gtest/gtest.h>

#include <cmath>

#include "ncprune/stats/collapse.h"
#include "tests/golden.h"
#include "tests/matrix.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

// tr(a^-1 b), column by column.
double trace_of_solution(const Matrix& a, const Matrix& b) {
  double trace = 0;
  for (int64_t j = 0; j < a.rows(); ++j) {
    std::vector<double> column;
    for (int64_t i = 0; i < a.rows(); ++i) column.push_back(b(i, j));
    trace += solve(a, column)[static_cast<size_t>(j)];
  }
  return trace;
}

TEST(CollapseReference, AgreesWithNaiveSumsWhateverTheBatches) {
  for (const std::vector<int64_t>& counts :
       std::vector<std::vector<int64_t>>{{6, 1, 4, 3}, {3, 0, 2, 5, 1}, {2600, 1, 0, 899, 1500}}) {
    SCOPED_TRACE(counts.front());
    const Dataset data = gaussian_data(counts, 4);
    const Network network = network_for(data, "mlp:5,3?activation=tanh");
    const Collapse found = measure_collapse(network, data);
    EXPECT_EQ(found.counts, counts);
    ASSERT_EQ(found.layers.size(), 2);
    const LayerCollapse& layer = found.layers.back();  // as wide as S_B is regular
    const Matrix h(value_of(network, data, linear_layers(network).back().input));
    const int64_t d = h.columns();
    const auto labels = elements<int64_t>(data.labels);
    const auto class_of = [&](int64_t i) { return labels[static_cast<size_t>(i)]; };
    const auto n = [&](int64_t c) { return static_cast<double>(counts[static_cast<size_t>(c)]); };
    double k = 0;
    Matrix means(data.num_classes(), d);
    Matrix centre(1, d);
    for (int64_t c = 0; c < data.num_classes(); ++c) k += n(c) > 0 ? 1 : 0;
    for (int64_t i = 0; i < h.rows(); ++i) {
      for (int64_t j = 0; j < d; ++j) means(class_of(i), j) += h(i, j) / n(class_of(i));
    }
    for (int64_t c = 0; c < data.num_classes(); ++c) {
      for (int64_t j = 0; j < d; ++j) centre(0, j) += means(c, j) / k;
    }
    Matrix between(d, d);
    Matrix within(d, d);
    Matrix total(d, d);
    std::vector<double> variance(counts.size(), 0);
    for (int64_t i = 0; i < h.rows(); ++i) {
      const int64_t c = class_of(i);
      for (int64_t a = 0; a < d; ++a) {
        variance[static_cast<size_t>(c)] += std::pow(h(i, a) - means(c, a), 2) / n(c);
        for (int64_t b = 0; b < d; ++b) {
          within(a, b) += (h(i, a) - means(c, a)) * (h(i, b) - means(c, b)) / n(c) / k;
          total(a, b) += (h(i, a) - centre(0, a)) * (h(i, b) - centre(0, b)) / n(c) / k;
        }
      }
    }
    double worst = 0;
    for (int64_t c = 0; c < data.num_classes(); ++c) {
      if (n(c) == 0) continue;
      for (int64_t a = 0; a < d; ++a) {
        for (int64_t b = 0; b < d; ++b) {
          between(a, b) += (means(c, a) - centre(0, a)) * (means(c, b) - centre(0, b)) / k;
        }
      }
      for (int64_t other = 0; other < c; ++other) {
        if (n(other) == 0) continue;
        double apart = 0;
        for (int64_t a = 0; a < d; ++a) apart += std::pow(means(c, a) - means(other, a), 2);
        worst = std::max(worst,
                         (variance[static_cast<size_t>(c)] + variance[static_cast<size_t>(other)]) /
                             (2 * apart));
      }
    }
    EXPECT_EQ(layer.rank, d);
    const double nc1 = trace_of_solution(between, within) / k;
    EXPECT_NEAR(layer.nc1, nc1, 1e-6 * nc1);
    EXPECT_NEAR(layer.vci, 1 - trace_of_solution(total, between) / static_cast<double>(d), 1e-6);
    EXPECT_NEAR(layer.worst_cdnv, worst, 1e-6 * worst);
    for (int64_t c = 0; c < data.num_classes(); ++c) {
      const double own = layer.class_variance[static_cast<size_t>(c)];
      const double wanted = variance[static_cast<size_t>(c)];
      EXPECT_TRUE(n(c) == 0 ? std::isnan(own) : std::abs(own - wanted) < 1e-6) << own;
    }
  }
}

TEST(CollapseReference, NumpyGivesTheSame) {
  const Json json = golden("collapse");
  for (const auto& [name, example] : json.at("cases").items()) {
    SCOPED_TRACE(name);
    const Json& wanted = example.at("wanted");
    const Dataset data{golden_tensor(example.at("features")).to(at::kFloat),
                       golden_tensor(json.at("labels")).to(at::kLong),
                       {"a", "b", "c", "d", "e"},
                       {}};
    const Collapse found = measure_collapse(
        head_alone(golden_tensor(example.at("weight")), golden_tensor(example.at("bias"))), data);
    const LayerCollapse& layer = found.layers.front();
    const auto expect = [&](const Json& number, double value) {
      EXPECT_NEAR(value, number.get<double>(), 1e-9) << number;
    };
    const auto expect_frame = [&](const Json& frame, const Frame& value) {
      expect(frame.at("norm_variation"), value.norm_variation);
      expect(frame.at("cosine_deviation"), value.cosine_deviation);
      expect(frame.at("cosine_error"), value.cosine_error);
      expect(frame.at("etf_distance"), value.etf_distance);
      expect(frame.at("seli_distance"), value.seli_distance);
    };
    const auto expect_classes = [&](const Json& numbers, const std::vector<double>& values) {
      ASSERT_EQ(values.size(), 5);
      EXPECT_TRUE(std::isnan(values[3])) << "the class without samples";
      for (size_t i = 0; i < 4; ++i) {
        expect(numbers.at(i), values[json.at("present").at(i).get<size_t>()]);
      }
    };
    EXPECT_EQ(layer.rank, wanted.at("rank").get<int64_t>());
    EXPECT_EQ(layer.worst_pair.first, wanted.at("worst_pair").at(0).get<int64_t>());
    EXPECT_EQ(layer.worst_pair.second, wanted.at("worst_pair").at(1).get<int64_t>());
    expect(wanted.at("nc1"), layer.nc1);
    expect(wanted.at("trace_ratio"), layer.trace_ratio);
    expect(wanted.at("cdnv"), layer.cdnv);
    expect(wanted.at("worst_cdnv"), layer.worst_cdnv);
    expect(wanted.at("vci"), layer.vci);
    expect_frame(wanted.at("means"), layer.means);
    expect_near(layer.gram, Matrix(golden_tensor(wanted.at("gram"))), 1e-12);
    expect_classes(wanted.at("class_nc1"), layer.class_nc1);
    expect_classes(wanted.at("class_variance"), layer.class_variance);
    expect_classes(wanted.at("class_length"), layer.class_length);
    expect_frame(wanted.at("weights"), found.head.weights);
    expect(wanted.at("self_duality"), found.head.self_duality);
    expect(wanted.at("disagreement"), found.head.disagreement);
    expect_classes(wanted.at("class_disagreement"), found.head.class_disagreement);
  }
}

}  // namespace
}  // namespace ncprune
