#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace ncprune {

// A progress bar with the remaining time, on standard error. It is shown only on a terminal and
// only after a second, and is erased when it goes out of scope.
class Progress {
 public:
  Progress(std::string label, int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(int64_t steps = 1);
  void set_label(std::string label) { label_ = std::move(label); }

 private:
  using Clock = std::chrono::steady_clock;
  std::string label_;
  int64_t total_;
  int64_t done_ = 0;
  bool shown_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
};

// "4 s", "1 min 20 s", "2 h 5 min".
std::string duration_text(double seconds);

}  // namespace ncprune
