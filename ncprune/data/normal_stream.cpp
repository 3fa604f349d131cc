#include "ncprune/data/normal_stream.h"

#include <ATen/ops/empty.h>

#include <algorithm>

namespace ncprune {
namespace {

constexpr int64_t kGroup = 16;
constexpr int64_t kBetweenPlaces = 1 << 20;
constexpr int64_t kSkippedAtOnce = 1 << 16;  // a multiple of kGroup

at::Generator generator_of(const Random& random) {
  Random source = random;  // shares the generator
  return source.generator().clone();
}

}  // namespace

NormalStream::NormalStream(int64_t total, double sigma, const Random& random)
    : total_(total),
      sigma_(sigma),
      now_{0, generator_of(random)},
      known_{Place{0, generator_of(random)}} {
  if (total < kGroup) last_ = draw(total);  // which LibTorch draws in another way
}

at::Tensor NormalStream::read(int64_t begin, int64_t end) const {
  const std::lock_guard lock(mutex_);
  at::Tensor numbers = at::empty({end - begin}, at::kFloat);
  const int64_t last = total_ % kGroup == 0 ? total_ : std::max<int64_t>(0, total_ - kGroup);
  if (const int64_t stop = std::min(end, last); begin < stop) {
    const int64_t first_group = begin / kGroup * kGroup;
    const int64_t groups_end = (stop + kGroup - 1) / kGroup * kGroup;
    go_to(first_group);
    numbers.slice(0, 0, stop - begin)
        .copy_(draw(groups_end - first_group).slice(0, begin - first_group, stop - first_group));
  }
  if (const int64_t start = std::max(begin, last); start < end) {
    numbers.slice(0, start - begin).copy_(last_numbers().slice(0, start - last, end - last));
  }
  return numbers;
}

// REQUIRES: `position` is a multiple of kGroup.
void NormalStream::go_to(int64_t position) const {
  if (now_.position > position) {
    const auto after = std::upper_bound(
        known_.begin(), known_.end(), position,
        [](int64_t wanted, const Place& place) { return wanted < place.position; });
    const Place& before = *(after - 1);
    now_ = {before.position, before.generator.clone()};
  }
  while (now_.position < position) draw(std::min(kSkippedAtOnce, position - now_.position));
}

at::Tensor NormalStream::draw(int64_t count) const {
  if (now_.position >= known_.back().position + kBetweenPlaces) {
    known_.push_back({now_.position, now_.generator.clone()});
  }
  now_.position += count;
  return at::empty({count}, at::kFloat).normal_(0, sigma_, now_.generator);
}

at::Tensor NormalStream::last_numbers() const {
  if (last_.defined()) return last_;
  const int64_t rest = total_ % kGroup;
  go_to(total_ - rest);
  // Draws that LibTorch makes for an incomplete group and does not use.
  at::empty({rest}, at::kFloat).uniform_(0, 1, now_.generator);
  last_ = at::empty({kGroup}, at::kFloat).normal_(0, sigma_, now_.generator);
  now_.position = total_ + kGroup;  // beyond everything: the next read goes back
  return last_;
}

}  // namespace ncprune
