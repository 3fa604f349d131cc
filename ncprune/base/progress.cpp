#include "ncprune/base/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "ncprune/base/log.h"

namespace ncprune {
namespace {

// Bars nest (a study trains, training has epochs); only the outermost bar is drawn.
int live_bars = 0;

}  // namespace

std::string duration_text(double seconds) {
  const int64_t s = std::llround(seconds);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
}

Progress::Progress(std::string label, int64_t total)
    : label_(std::move(label)),
      total_(std::max<int64_t>(total, 1)),
      shown_(!is_quiet() && isatty(STDERR_FILENO) != 0 && live_bars == 0) {
  ++live_bars;
}

Progress::~Progress() {
  --live_bars;
  if (drawn_) fmt::print(stderr, "\r\033[K");
}

void Progress::advance(int64_t steps) {
  done_ = std::min(done_ + steps, total_);
  const Clock::time_point now = Clock::now();
  using Seconds = std::chrono::duration<double>;
  if (!shown_ || Seconds(now - start_).count() < 1 || Seconds(now - last_).count() < 0.1) return;
  last_ = now;
  drawn_ = true;
  const double share = static_cast<double>(done_) / static_cast<double>(total_);
  constexpr int kWidth = 20;
  const int filled = static_cast<int>(share * kWidth);
  const std::string left =
      done_ == 0 ? ""
                 : duration_text(Seconds(now - start_).count() * (1 - share) / share) + " left";
  fmt::print(stderr, "\r\033[K{:<32.32} [{:#<{}}{:.<{}}] {:3.0f} % {}", label_, "", filled, "",
             kWidth - filled, 100 * share, left);
  std::fflush(stderr);
}

}  // namespace ncprune
