#include "ncprune/train/schedule.h"

#include <cmath>
#include <numbers>

namespace ncprune {
namespace {

double constant(double) {
  return 1;
}

double cosine(double progress) {
  return 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

double step(double progress) {
  if (progress < 0.6) return 1;
  return progress < 0.8 ? 0.1 : 0.01;
}

double one_cycle(double progress) {
  constexpr double kWarmUp = 0.3;
  constexpr double kStart = 1.0 / 25;
  constexpr double kEnd = 1e-4;
  if (progress < kWarmUp) return kStart + (1 - kStart) * progress / kWarmUp;
  return kEnd + (1 - kEnd) * cosine((progress - kWarmUp) / (1 - kWarmUp));
}

}  // namespace

const std::vector<Schedule>& schedules() {
  static const std::vector<Schedule> table{
      {"constant", "the same rate throughout", "", constant},
      {"cosine", "half a cosine from the full rate down to 0", "Loshchilov, Hutter 2017", cosine},
      {"one-cycle",
       "linear increase from 1/25 over the first 30 %, then half a cosine down to 1/10000",
       "Smith, Topin 2018", one_cycle},
      {"step", "divided by 10 at 60 % and again at 80 %", "He et al. 2016", step}};
  return table;
}

}  // namespace ncprune
