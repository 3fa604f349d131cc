#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/evaluate/class_results.h"
#include "ncprune/evaluate/operating_point.h"
#include "ncprune/experiment/prepare.h"

namespace ncprune {

// Turns class scores of networks for the same problem into results: on the test samples as they
// are, at the common operating point, and in resampled sets. All sets are drawn here, so that every
// network is judged by the same ones, and problems with one test set draw alike.
class Judge {
 public:
  // `minority`: the rare classes. `reference`: the scores [N, K] that the network to compare with
  // gives the validation samples. Undefined where networks are judged without a common operating
  // point.
  Judge(const PreparedData& data, std::vector<int64_t> minority, const at::Tensor& reference);

  // The result of a network by its scores of the test samples and of the validation samples, which
  // are read only where there is a reference. Not filled: noisy; common, shift and its resampled
  // scores unless OperatingPoint::exists(); all resampled scores for multi-label data.
  ModelResult result(const std::string& name, const at::Tensor& tested,
                     const at::Tensor& validated) const;

 private:
  Targets test_;
  std::vector<int64_t> minority_;
  std::optional<OperatingPoint> point_;  // only if it exists
  at::Tensor test_shares_;               // of resampled_shares(); undefined for multi-label data
  at::Tensor validation_shares_;         // undefined unless there is a point
};

}  // namespace ncprune
