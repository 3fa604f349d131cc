#include "ncprune/train/sampler.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ncprune {

const std::vector<Sampler>& samplers() {
  static const std::vector<Sampler> table{
      {"class-balanced", "every class equally often", "Kang et al. 2020", 0},
      {"natural", "every sample once", "", 1},
      {"square-root", "classes in proportion to the square root of their size",
       "Mahajan et al. 2018", 0.5}};
  return table;
}

std::vector<int64_t> epoch_shares(const std::vector<int64_t>& counts, const Sampler& sampler) {
  const int64_t total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  std::vector<double> wanted;
  wanted.reserve(counts.size());
  for (const int64_t n : counts) {
    wanted.push_back(n == 0 ? 0 : std::pow(static_cast<double>(n), sampler.exponent));
  }
  const double scale =
      static_cast<double>(total) / std::accumulate(wanted.begin(), wanted.end(), 0.0);
  std::vector<int64_t> shares;
  std::vector<size_t> by_loss;  // classes, largest rounding loss first
  for (double& share : wanted) {
    share *= scale;
    by_loss.push_back(shares.size());
    // The small addition keeps an integer that the product rounded down.
    shares.push_back(static_cast<int64_t>(share + 1e-9 * share));
  }
  std::stable_sort(by_loss.begin(), by_loss.end(), [&](size_t a, size_t b) {
    return wanted[a] - static_cast<double>(shares[a]) > wanted[b] - static_cast<double>(shares[b]);
  });
  int64_t left = total - std::accumulate(shares.begin(), shares.end(), int64_t{0});
  for (size_t i = 0; left > 0; ++i, --left) ++shares[by_loss[i]];
  return shares;
}

at::Tensor epoch_order(const at::Tensor& labels, const std::vector<int64_t>& shares,
                       Random& random) {
  std::vector<std::vector<int64_t>> members(shares.size());
  const auto label = elements<int64_t>(labels);
  for (size_t i = 0; i < label.size(); ++i) {
    members[static_cast<size_t>(label[i])].push_back(static_cast<int64_t>(i));
  }
  std::vector<int64_t> draws;
  for (size_t c = 0; c < shares.size(); ++c) {
    // Complete rounds through the class, then a random part of it.
    int64_t left = shares[c];
    const auto size = static_cast<int64_t>(members[c].size());
    for (; left > 0 && left >= size; left -= size) {
      draws.insert(draws.end(), members[c].begin(), members[c].end());
    }
    if (left == 0) continue;
    const at::Tensor picked = random.permutation(size);
    for (const int64_t i : elements<int64_t>(picked).first(static_cast<size_t>(left))) {
      draws.push_back(members[c][static_cast<size_t>(i)]);
    }
  }
  const at::Tensor shuffled = random.permutation(static_cast<int64_t>(draws.size()));
  at::Tensor order = at::empty({shuffled.numel()}, shuffled.options());
  std::transform(elements<int64_t>(shuffled).begin(), elements<int64_t>(shuffled).end(),
                 elements<int64_t>(order).begin(),
                 [&](int64_t i) { return draws[static_cast<size_t>(i)]; });
  return order;
}

}  // namespace ncprune
