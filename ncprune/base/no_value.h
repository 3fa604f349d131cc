#pragma once

#include <limits>

namespace ncprune {

// Stands where a measurement has no value, as the recall of a class without samples.
inline constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

}  // namespace ncprune
