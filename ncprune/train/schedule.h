#pragma once

#include <string>
#include <vector>

namespace ncprune {

// How the learning rate changes during training.
struct Schedule {
  std::string name;
  std::string summary;
  std::string source;
  // Share of the full learning rate, in (0, 1], at `progress`, the share of all steps already done,
  // in [0, 1).
  double (*factor)(double progress);
};

// constant, cosine, one-cycle, step.
const std::vector<Schedule>& schedules();

}  // namespace ncprune
