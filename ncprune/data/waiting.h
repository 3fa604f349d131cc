#pragma once

#include <chrono>

namespace ncprune {

// For how long this process has waited for inputs that are read when they are needed, in seconds.
double seconds_waited();

// Counts its lifetime as waiting, except in a thread that reads ahead and inside another one.
class Waiting {
 public:
  Waiting();
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  bool counts_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Nothing that this thread does counts as waiting from now on: it reads ahead for another one.
void read_for_another_thread();

}  // namespace ncprune
