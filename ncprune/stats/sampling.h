#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/layers.h"

// The part of a data set that a measurement uses. Every choice is fixed: no seed changes it.
namespace ncprune {

// Statistics use at most this many rows (rows.h) of every sample.
inline constexpr int64_t kRowsPerSample = 32;

// Moments use about this many rows of a class; further samples are not run.
inline constexpr int64_t kRowsPerClass = 8192;

// At most `limit` samples of every class, drawn with a fixed seed, class after class.
Dataset at_most_per_class(const Dataset& data, int64_t limit);

// About `total` samples at even distances, which keep the classes' shares and the order; all
// samples if there are fewer than 2 * total.
Dataset at_even_distances(const Dataset& data, int64_t total);

// at_most_per_class() if classes count equally (balance 1), else as many at_even_distances().
Dataset some_samples(const Dataset& data, int64_t per_class, double balance);

// A few samples of every class that represent the whole class.
struct WeightedSample {
  Dataset samples;
  std::vector<double> class_weights;  // K, for each sample of a class; sum to 1 over all samples
};

// At most `per_class` samples of every class, drawn with a fixed seed and weighted so that a
// weighted sum is sum_c pi_c E_c. pi is class_weights() of the counts of all of `data`; E_c runs
// over the drawn samples. Throws InputError when there are no samples.
WeightedSample weighted_sample(const Dataset& data, int64_t per_class, double balance);

// The number of samples per class that suffices for the moments of each layer: it gives the layer
// 8192 rows of the class (kRowsPerClass). A fully connected layer beside layers with many rows per
// sample, such as the head of a convolutional network, needs no more samples than the most
// demanding of those, unless its rows would be fewer than eight times its inputs. Runs the network
// on one sample.
std::vector<int64_t> enough_per_class(const Network& network, const std::vector<Layer>& layers,
                                      int64_t num_classes);

}  // namespace ncprune
