// Criteria made of the activations of units, against sums over single activations.
#include "tests/criteria/scored.h"

namespace ncprune {
namespace {

struct Activity {
  std::vector<double> mean;
  std::vector<double> square_mean;
  std::vector<double> active_share;
};

// The activations of the layer's units, [N, m] or [N, m, positions].
Activity activity_of(const Network& network, const Layer& layer, const Dataset& data) {
  const at::Tensor h = value_of(network, data, layer.activation).to(at::kDouble);
  const at::Tensor by_unit = h.transpose(0, 1).flatten(1);  // [m, activations]
  const Matrix values(by_unit);
  const auto count = static_cast<double>(values.columns());
  double all_squares = 0;
  for (int64_t i = 0; i < values.rows(); ++i) {
    for (int64_t n = 0; n < values.columns(); ++n) all_squares += values(i, n) * values(i, n);
  }
  const double threshold =
      0.01 * std::sqrt(all_squares / (count * static_cast<double>(values.rows())));
  Activity found;
  for (int64_t i = 0; i < values.rows(); ++i) {
    double sum = 0;
    double squares = 0;
    double active = 0;
    for (int64_t n = 0; n < values.columns(); ++n) {
      sum += values(i, n);
      squares += values(i, n) * values(i, n);
      active += std::abs(values(i, n)) > threshold ? 1 : 0;
    }
    found.mean.push_back(sum / count);
    found.square_mean.push_back(squares / count);
    found.active_share.push_back(active / count);
  }
  return found;
}

class ActivityCriteria : public testing::Test {
 protected:
  // Holds `spec` against `wanted` for fully connected layers and convolutions.
  template <typename Wanted>
  void expect_scored(const std::string& spec, Wanted wanted) const {
    Dataset images = gaussian_data({41, 6, 1}, 2 * 5 * 5);
    const Network mlp = network_for(images, "mlp:7,5");
    expect_scored_in(spec, mlp, images, wanted);
    images.inputs = images.inputs.view({-1, 2, 5, 5});
    expect_scored_in(spec, network_for(images, "cnn:4,6"), images, wanted);
  }

 private:
  template <typename Wanted>
  void expect_scored_in(const std::string& spec, const Network& network, const Dataset& data,
                        Wanted wanted) const {
    const std::vector<Layer> layers = prunable_layers(network);
    const std::vector<at::Tensor> found = measured_scores(spec, network, data);
    for (size_t l = 0; l < layers.size(); ++l) {
      SCOPED_TRACE(layers[l].name);
      const Activity activity = activity_of(network, layers[l], data);
      std::vector<double> scores;
      for (size_t i = 0; i < activity.mean.size(); ++i) scores.push_back(wanted(activity, i));
      const at::Tensor column = doubles(scores, {static_cast<int64_t>(scores.size()), 1});
      expect_scores(found[l], column.expand_as(found[l]), 1e-5);
    }
  }
};

TEST_F(ActivityCriteria, ActivationVarianceIsThatOfAllSamplesAndPositions) {
  expect_scored("activation-variance", [](const Activity& a, size_t i) {
    return a.square_mean[i] - a.mean[i] * a.mean[i];
  });
}

TEST_F(ActivityCriteria, ActiveEnergyIsTheMeanSquareTimesTheShareOfActiveSamples) {
  expect_scored("active-energy",
                [](const Activity& a, size_t i) { return a.square_mean[i] * a.active_share[i]; });
}

}  // namespace
}  // namespace ncprune
