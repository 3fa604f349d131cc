#pragma once

#include <string>
#include <vector>

namespace ncprune {

// How the learning rate changes while training runs.
struct Schedule {
  std::string name;
  std::string summary;
  std::string source;
  // Share of the full learning rate, in (0, 1], at `progress`: the share of all steps already done,
  // in [0, 1). Depends on nothing else.
  double (*factor)(double progress);
};

// constant, cosine, one-cycle, step.
const std::vector<Schedule>& schedules();

}  // namespace ncprune
