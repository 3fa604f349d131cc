#include "ncprune/stats/weighted_sample.h"

#include "ncprune/stats/moments.h"
#include "ncprune/stats/pass.h"

namespace ncprune {

WeightedSample weighted_sample(const Dataset& data, int64_t per_class, double balance) {
  WeightedSample sample{at_most_per_class(data, per_class),
                        class_weights(class_counts(data), balance)};
  const std::vector<int64_t> counts = class_counts(sample.samples);
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] > 0) sample.class_weights[c] /= static_cast<double>(counts[c]);
  }
  return sample;
}

}  // namespace ncprune
